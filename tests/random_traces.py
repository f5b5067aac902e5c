"""Random call trees for tests: small, with calls in a row and at once, some of which their parents do not wait for."""

from hypothesis import strategies as st

from labs_py.model.trace import TracedSpan


@st.composite
def trees(draw: st.DrawFn, depth: int = 3, start: int = 0, end: int = 60) -> TracedSpan:
    """A span from `start` to `end` whose children lie within it."""
    children = []
    if depth and end - start > 1:
        for _ in range(draw(st.integers(0, 4))):
            first = draw(st.integers(start, end - 1))
            last = draw(st.integers(first, end))
            children.append(draw(trees(depth - 1, first, last)))
    children.sort(key=lambda span: (span.start_ns, span.end_ns, span.name))
    service = draw(st.sampled_from("abc"))
    waited_for = depth == 3 or draw(st.sampled_from([True, True, True, False]))
    return TracedSpan(service, "run", start, end, "", False, waited_for, children)
