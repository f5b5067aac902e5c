/** Timers that measure time in which somebody could have answered: a computer that slept, or a tab that the browser froze, has waited for nothing. */

/** How many milliseconds late a timer may be before it counts as slept through. */
const LATE = 2_000;

/** Do something when `milliseconds` have passed without a pause. @param {number} milliseconds @param {() => void} act @returns {() => void} calls it off */
export function after(milliseconds, act) {
  let timer = 0;
  const wait = () => {
    const due = Date.now() + milliseconds;
    timer = setTimeout(() => (Date.now() - due > LATE ? wait() : act()), milliseconds);
  };
  wait();
  return () => clearTimeout(timer);
}
