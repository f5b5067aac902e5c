/** CodeMirror for the reader's Python. It is loaded when an editor is about to be used, and no sooner. */

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, LanguageSupport, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** @typedef {{text: string, labelledBy: string, describedBy: string, onedit: () => void, onsubmit: () => void}} Options */

/** Colors are those of the theme's own code blocks, which follow its light and dark palettes. */
const COLORS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--md-code-hl-keyword-color)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--md-code-hl-string-color)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--md-code-hl-number-color)" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], color: "var(--md-code-hl-function-color)", fontWeight: "600" },
  { tag: tags.comment, color: "var(--md-code-hl-comment-color)", fontStyle: "italic" },
  { tag: tags.operator, color: "var(--md-code-hl-operator-color)" },
]);

/** The line to mark; 0 marks none. @type {import("@codemirror/state").StateEffectType<number>} */
const blame = StateEffect.define();
const blamed = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    let now = transaction.docChanged ? Decoration.none : marks;
    for (const effect of transaction.effects) {
      if (!effect.is(blame)) continue;
      const { doc } = transaction.state;
      const known = effect.value >= 1 && effect.value <= doc.lines;
      now = known ? Decoration.set(Decoration.line({ class: "nh-blamed" }).range(doc.line(effect.value).from)) : Decoration.none;
    }
    return now;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Make an editor. Tab is left to the browser, so that the keyboard gets out of it as it got in. @param {Options} options */
export function make({ text, labelledBy, describedBy, onedit, onsubmit }) {
  let ours = false;
  const submit = () => {
    onsubmit();
    return true;
  };
  const view = new EditorView({
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([{ key: "Mod-Enter", run: submit }, ...defaultKeymap, ...historyKeymap]),
        history(),
        lineNumbers(),
        highlightActiveLine(),
        indentOnInput(),
        indentUnit.of("    "),
        bracketMatching(),
        new LanguageSupport(pythonLanguage),
        syntaxHighlighting(COLORS),
        blamed,
        EditorView.contentAttributes.of({ "aria-labelledby": labelledBy, "aria-describedby": describedBy, autocapitalize: "off", tabindex: "0" }),
        EditorView.updateListener.of((update) => update.docChanged && !ours && onedit()),
      ],
    }),
  });
  return {
    dom: view.dom,
    get text() {
      return view.state.doc.toString();
    },
    set text(now) {
      ours = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: now } });
      ours = false;
    },
    focus: () => view.focus(),
    /** Select from one place to another. @param {number} from @param {number} to */
    select: (from, to) => view.dispatch({ selection: { anchor: Math.min(from, view.state.doc.length), head: Math.min(to, view.state.doc.length) }, scrollIntoView: true }),
    /** Mark a line, and bring it into view inside the editor. @param {number} line 0 for none */
    mark(line) {
      view.dispatch({ effects: blame.of(line) });
      const { scrollDOM, state } = view;
      if (line < 1 || line > state.doc.lines) return;
      // CodeMirror's own way would scroll the page too.
      const { top, bottom } = view.lineBlockAt(state.doc.line(line).from);
      const seen = top >= scrollDOM.scrollTop && bottom <= scrollDOM.scrollTop + scrollDOM.clientHeight;
      if (!seen) scrollDOM.scrollTop = top - scrollDOM.clientHeight / 2;
    },
    get invalid() {
      return view.contentDOM.getAttribute("aria-invalid") === "true";
    },
    set invalid(yes) {
      if (yes) view.contentDOM.setAttribute("aria-invalid", "true");
      else view.contentDOM.removeAttribute("aria-invalid");
    },
  };
}
