"""Long texts get the room that there is."""

from html import escape

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.reporting.page.budget import Budget, size


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_size_is_what_a_page_takes(text: str) -> None:
    assert size(text) == len(escape(text).replace("&#x27;", "&#39;").encode()) + text.count('"') * (
        len("&#34;") - len("&quot;")
    )


def test_what_fits_is_whole() -> None:
    budget = Budget(100)
    assert budget.take("\nhello\n", 50).head == "hello"
    assert budget.left == 95
    assert not budget.take("", 50)


def test_the_end_counts_more_than_the_beginning() -> None:
    text = "".join(f"line {number}\n" for number in range(1_000))
    cut = Budget(10_000).take(text, 400)
    assert cut.head.startswith("line 0\n")
    assert cut.tail.endswith("line 999")
    assert len(cut.tail) > 2 * len(cut.head)
    assert len(cut.head) + len(cut.tail) + cut.left_out == len(text.strip())


@given(st.lists(st.text(max_size=300), max_size=20), st.integers(0, 500), st.integers(0, 200))
def test_no_more_is_given_than_there_is(texts: list[str], total: int, limit: int) -> None:
    budget = Budget(total)
    taken = [budget.take(text, limit) for text in texts]
    assert all(size(one.head) + size(one.tail) <= limit for one in taken)
    assert sum(size(one.head) + size(one.tail) for one in taken) <= total
    assert budget.left_out == sum(one.left_out for one in taken)


def test_a_budget_that_is_spent_says_how_much_is_missing() -> None:
    budget = Budget(0)
    assert budget.take("x" * 70, 50).left_out == 70
    assert budget.left_out == 70
