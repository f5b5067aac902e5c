/** The element `<nh-print>`: a button that prints the page. It comes with JavaScript, because it needs it. */

class PrintButton extends HTMLElement {
  connectedCallback() {
    if (this.firstElementChild) return;
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: this.dataset.label ?? "Print this sheet" });
    button.addEventListener("click", () => window.print());
    this.append(button);
  }
}

customElements.define("nh-print", PrintButton);
