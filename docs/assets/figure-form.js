/**
 * A figure's specification, taken apart: its form, and the numbers that a reader's move changes. Vega-Lite compiles the form alone, so that a
 * figure of a known form is drawn without it.
 *
 * Data becomes a named data set. The domain of a scale becomes a signal of Vega; Vega-Lite, which knows none there, gets numbers that stand
 * for it, of the same signs and in the same order: of a domain it asks no more than whether it holds zero.
 */

/** @typedef {{value: number[], standIn: number[]}} Domain */
/** @typedef {{form: any, tables: Map<string, object[]>, domains: Map<string, Domain>}} Parts by the names that they have in Vega */

/** No number of ours; each of the domains gets the next ten. */
const STRANGE = 7_310_000;

/** Take a specification apart. @param {object} spec @returns {Parts} */
export function apart(spec) {
  /** @type {Parts} */
  const parts = { form: undefined, tables: new Map(), domains: new Map() };
  /** The name of each text of data or of a domain: those that are equal stay one, as they would for Vega-Lite. @type {Map<string, string>} */
  const names = new Map();
  /** Name something. @param {string} kind @param {object} thing */
  const named = (kind, thing) => {
    const key = kind + JSON.stringify(thing);
    const known = names.get(key);
    if (known) return { name: known, known: true };
    const name = `nh_${kind}_${names.size}`;
    names.set(key, name);
    return { name, known: false };
  };
  /** Copy a part of the specification. @param {any} item @param {string} key where it stands @returns {any} */
  const copied = (item, key) => {
    if (typeof item !== "object" || item === null) return item;
    if (key === "data" && Array.isArray(item.values) && Object.keys(item).length === 1) {
      const { name, known } = named("table", item.values);
      if (!known) parts.tables.set(name, item.values);
      return { name };
    }
    if (key === "domain" && isRange(item)) {
      const { name, known } = named("domain", item);
      if (!known) parts.domains.set(name, { value: item, standIn: standIn(item, STRANGE + 10 * parts.domains.size) });
      return parts.domains.get(name)?.standIn;
    }
    if (Array.isArray(item)) return item.map((one) => copied(one, ""));
    return Object.fromEntries(Object.entries(item).map(([name, one]) => [name, copied(one, name)]));
  };
  parts.form = copied(spec, "");
  return parts;
}

/** Let a compiled form take its domains from signals; undefined if they have gone elsewhere than into scales. @param {any} vega @param {Map<string, Domain>} domains */
export function withSignals(vega, domains) {
  const names = new Map([...domains].map(([name, { standIn }]) => [JSON.stringify(standIn), name]));
  const scales = vega.scales?.map((/** @type {any} */ scale) => {
    const signal = names.get(JSON.stringify(scale.domain));
    return signal ? { ...scale, domain: { signal } } : scale;
  });
  const signals = [...[...domains.keys()].map((name) => ({ name })), ...(vega.signals ?? [])];
  const whole = { ...vega, scales, signals };
  const text = JSON.stringify(whole);
  const strange = [...domains.values()].flatMap(({ standIn }) => standIn.filter(Boolean));
  return strange.some((number) => text.includes(String(Math.abs(number)))) ? undefined : whole;
}

/** Whether a domain is one from a number to a greater or smaller one. @param {any} domain @returns {domain is number[]} */
function isRange(domain) {
  return Array.isArray(domain) && domain.length === 2 && domain.every(Number.isFinite) && domain[0] !== domain[1];
}

/** Numbers like those of a domain. @param {number[]} domain @param {number} strange */
function standIn([from, to], strange) {
  const turned = from > to === from + to > 0 ? [1, 2] : [2, 1];
  return [Math.sign(from) * (strange + turned[1]), Math.sign(to) * (strange + turned[0])];
}
