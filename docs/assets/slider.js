/** Sliders beside number fields. Every stop of a slider is a number worth choosing, so that an arrow key always moves the value. */

/** Twenty nearly even steps to a power of ten (the Renard series R20, ISO 3). */
const RENARD = [1, 1.1, 1.25, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3.2, 3.6, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9];
const MOST_STOPS = 1000;
const MOST_NINES = 6;

/**
 * The numbers that a slider offers, in ascending order, both bounds included.
 * @param {number} low @param {number} high @param {string} scale "linear", "log" or "nines" @param {number | undefined} step @param {boolean} whole
 * @returns {number[]}
 */
export function stops(low, high, scale, step, whole) {
  const inner = scale === "log" ? renard(low, high) : scale === "nines" ? nines() : even(low, high, step);
  const rounded = inner.map((value) => (whole ? Math.round(value) : Number(value.toPrecision(10))));
  return [...new Set([low, ...rounded.filter((value) => value > low && value < high), high])].sort((a, b) => a - b);
}

/** Renard numbers around a range; a range from 0 begins five powers of ten below its end. @param {number} low @param {number} high */
function renard(low, high) {
  const first = Math.floor(Math.log10(low > 0 ? low : high / 1e5));
  const last = Math.ceil(Math.log10(high));
  const powers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return powers.flatMap((power) => RENARD.map((value) => value * 10 ** power));
}

/** 0.1 … 0.9, 0.91 … 0.99, 0.991 … and so on. */
function nines() {
  const powers = Array.from({ length: MOST_NINES }, (_, index) => index + 1);
  return powers.flatMap((power) => [9, 8, 7, 6, 5, 4, 3, 2, 1].map((digit) => 1 - digit / 10 ** power));
}

/** Even steps, made wider where there would be too many. @param {number} low @param {number} high @param {number} [step] */
function even(low, high, step) {
  let size = step ?? 10 ** Math.floor(Math.log10((high - low) / 100));
  for (let factor = 0; (high - low) / size > MOST_STOPS; factor++) size *= [2, 2.5, 2][factor % 3];
  return Array.from({ length: Math.ceil((high - low) / size) }, (_, index) => low + index * size);
}

/** The stop nearest to a value. @param {number[]} list ascending @param {number} value @returns {number} its index */
function nearest(list, value) {
  const above = list.findIndex((stop) => stop >= value);
  if (above <= 0) return above === 0 ? 0 : list.length - 1;
  return value - list[above - 1] < list[above] - value ? above - 1 : above;
}

/** Bind each slider of a form to its number field, which stays the one that counts. @param {HTMLFormElement} form @returns {() => void} moves all sliders to their fields' values */
export function bindSliders(form) {
  const sliders = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[data-slider]"));
  const bound = [...sliders].map((slider) => bind(slider, /** @type {HTMLInputElement} */ (form.querySelector(`[id="${slider.dataset.slider}"]`))));
  return () => bound.forEach((follow) => follow());
}

/** Bind one slider. @param {HTMLInputElement} slider @param {HTMLInputElement} field @returns {() => void} */
function bind(slider, field) {
  const step = field.dataset.step ? Number(field.dataset.step) : undefined;
  const list = stops(Number(field.min), Number(field.max), slider.dataset.scale ?? "linear", step, field.step === "1");
  const unit = field.parentElement?.querySelector(".nh-unit")?.textContent ?? "";
  /** Show how far the slider is, to the eye and to a screen reader. */
  const tell = () => {
    slider.setAttribute("aria-valuetext", `${field.value} ${unit}`.trim());
    slider.style.setProperty("--nh-at", `${(100 * slider.valueAsNumber) / Number(slider.max)}%`);
  };
  const follow = () => {
    if (Number.isFinite(field.valueAsNumber)) slider.valueAsNumber = nearest(list, field.valueAsNumber);
    tell();
  };
  slider.max = String(list.length - 1);
  slider.step = "1";
  slider.addEventListener("input", () => {
    field.value = String(list[slider.valueAsNumber]);
    tell();
  });
  field.addEventListener("input", follow);
  follow();
  return follow;
}
