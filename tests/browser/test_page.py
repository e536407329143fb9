"""The report in a real browser: seen, searched, tabbed through, and heard by nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from pytest_kubeflow.reporting.page import render
from tests.browser.conftest import DEVICES, Opener
from tests.browser.screenshots import screenshot
from tests.reporting.page.runs import pythagorean
from tests.reporting.page.sessions import SESSIONS, green, session
from tests.reporting.page.test_hostile import ATTACKS, everywhere

LOOKS = [
    pytest.param(name, scheme, device, id=f"{name}-{scheme}-{device}")
    for name in SESSIONS
    for scheme in ("light", "dark")
    for device in DEVICES
]


@pytest.mark.parametrize(("name", "scheme", "device"), LOOKS)
def test_how_it_looks(
    name: str, scheme: str, device: str, opened: Opener, files: dict[str, Path]
) -> None:
    tab = opened(files[name], scheme=scheme, device=device)
    screenshot(tab.page, f"report-{name}-{scheme}-{device}.png")
    width = DEVICES[device][0]
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    tab.check()


def violations(page: Page) -> str:
    """What axe finds: rules of WCAG 2 A and AA, and best practices."""
    found = Axe().run(page)
    return "\n".join(
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found.response["violations"]
    )


@pytest.mark.parametrize("name", SESSIONS)
@pytest.mark.parametrize(("scheme", "device"), [("light", "desktop"), ("dark", "phone")])
def test_everybody_can_read_all_of_it(
    name: str, scheme: str, device: str, opened: Opener, files: dict[str, Path]
) -> None:
    """What is folded too. A few of the runs and tests are enough: the others look the same."""
    tab = opened(files[name], scheme=scheme, device=device)
    tab.page.evaluate(
        """() => {
            const more = "details.run ~ details.run, .more, #list > li:nth-child(n + 8)";
            for (const each of document.querySelectorAll(more)) each.remove();
            for (const each of document.querySelectorAll("details")) each.open = true;
        }"""
    )
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= DEVICES[device][0]
    assert violations(tab.page) == ""
    tab.check()


def test_search_finds_by_name_message_and_evidence(opened: Opener, files: dict[str, Path]) -> None:
    tab = opened(files["red"])
    rows, found = tab.page.locator("#list > li"), tab.page.locator("#found")
    search = tab.page.get_by_role("searchbox")
    for words, count in (("hypotenuse", 5), ("WEBHOOK cannot", 9), ("nothing like it", 0)):
        search.fill(words)
        expect(rows).to_have_count(count)
        expect(found).to_have_text(f"{count} of 60 tests")
    search.fill("")
    expect(rows).to_have_count(60)
    expect(found).to_have_text("")
    tab.check()


def test_filters_work_together(opened: Opener, files: dict[str, Path]) -> None:
    tab = opened(files["red"])
    rows = tab.page.locator("#list > li")
    tab.page.get_by_role("checkbox", name="failed").check()
    expect(rows).to_have_count(12)
    tab.page.get_by_role("combobox").select_option("volumes")
    expect(rows).to_have_count(3)
    tab.page.get_by_role("checkbox", name="skipped").check()
    tab.page.get_by_role("combobox").select_option("")
    expect(rows).to_have_count(18)


def test_a_component_leads_to_its_tests(opened: Opener, files: dict[str, Path]) -> None:
    tab = opened(files["red"])
    tab.page.locator(".components a", has_text="volumes").click()
    expect(tab.page.locator("#list > li")).to_have_count(3)
    expect(tab.page.locator("#list")).to_be_in_viewport()


def test_clicking_through_from_cause_to_test_to_run(opened: Opener, files: dict[str, Path]) -> None:
    tab = opened(files["red"])
    cause = tab.page.locator("#cause-1")
    cause.get_by_text("9 tests", exact=True).click()
    cause.get_by_role("link", name="test_retrained_model_replaces_the_old_one").click()
    test = tab.page.locator("#list details[open]")
    expect(test).to_be_in_viewport()
    test.get_by_role("link", name="iris-serving").click()
    run = tab.page.locator("details.run:target")
    expect(run.get_by_role("img")).to_be_visible()
    expect(run.get_by_role("table")).to_contain_text("failed calling webhook")
    tab.page.go_back()
    expect(test).to_be_in_viewport()
    tab.check()


def test_a_link_to_a_test_undoes_a_search_that_hides_it(
    opened: Opener, files: dict[str, Path]
) -> None:
    tab = opened(files["red"])
    tab.page.get_by_role("searchbox").fill("hypotenuse")
    tab.page.locator("#cause-2 a").first.click()
    expect(tab.page.locator("#list > li")).to_have_count(60)
    expect(tab.page.locator("#list details[open]")).to_be_in_viewport()


def test_a_link_from_elsewhere_unfolds_what_it_leads_to(
    opened: Opener, files: dict[str, Path]
) -> None:
    tab = opened(files["red"], anchor="#test-3")
    expect(tab.page.locator("#test-3 .body")).to_be_in_viewport()


def test_the_fix_is_copied(opened: Opener, files: dict[str, Path]) -> None:
    tab = opened(files["red"])
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.get_by_role("button", name="Copy").click()
    expect(tab.page.get_by_role("button", name="Copied")).to_be_visible()
    expect(tab.page.get_by_role("status").last).to_have_text("Copied.")
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("kubectl -n kubeflow rollout restart")


def test_everything_is_reached_with_the_keyboard(opened: Opener, files: dict[str, Path]) -> None:
    tab = opened(files["red"])
    keyboard = tab.page.keyboard
    keyboard.press("Tab")
    expect(tab.page.get_by_role("link", name="Skip to the report")).to_be_focused()
    expect(tab.page.get_by_role("link", name="Skip to the report")).to_be_in_viewport()
    seen = []
    for _ in range(40):
        keyboard.press("Tab")
        focus = tab.page.evaluate(
            """() => {
                const at = document.activeElement, style = getComputedStyle(at);
                return [at.textContent.trim().slice(0, 40), style.outlineStyle];
            }"""
        )
        assert focus[1] != "none", f"{focus[0]} does not show that it has the focus"
        seen.append(focus[0])
    assert "Causes 2" in seen
    assert "Copy" in seen
    folded = tab.page.locator("#cause-1 details").nth(1)
    folded.locator("summary").focus()
    keyboard.press("Enter")
    expect(folded.locator("pre")).to_be_visible()


def test_it_can_be_read_without_scripts(opened: Opener, files: dict[str, Path]) -> None:
    tab = opened(files["red"], script=False)
    expect(tab.page.locator("h1")).to_contain_text("People cannot serve models")
    expect(tab.page.locator("#find")).to_be_hidden()
    expect(tab.page.locator("button.copy")).to_be_hidden()
    tab.page.locator("#list summary").first.click()
    expect(tab.page.locator("#list details .body").first).to_be_visible()
    expect(tab.page.locator("details.run[open] svg[role=img]").first).to_be_visible()


def test_on_paper_it_is_black_on_white_and_without_controls(
    opened: Opener, files: dict[str, Path]
) -> None:
    tab = opened(files["red"], scheme="dark")
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    for hidden in ("nav", "#find", "button.copy"):
        expect(tab.page.locator(hidden)).to_be_hidden()
    assert tab.page.pdf().startswith(b"%PDF")


def test_runs_of_a_large_session_are_made_when_they_are_unfolded(
    opened: Opener, tmp_path: Path
) -> None:
    tests = [
        replace(test, runs=(pythagorean(100 + at, at),)) for at, test in enumerate(green().tests)
    ]
    file = tmp_path / "large.html"
    file.write_text(render(session(tests, took=400.0)))
    tab = opened(file)
    last = tab.page.locator("details.run").last
    expect(last.locator("table")).to_have_count(0)
    tab.page.get_by_text("more run").last.click()
    last.locator("summary").first.click()
    expect(last.get_by_role("table")).to_contain_text("square-root")
    expect(last.get_by_role("img")).to_be_visible()
    tab.check()
    # Without scripts all of them are there.
    plain = opened(file, script=False)
    assert plain.page.locator("details.run table.tasks").count() == len(tests)


def test_nothing_that_a_cluster_wrote_runs(opened: Opener, tmp_path: Path) -> None:
    for at, attack in enumerate(ATTACKS):
        file = tmp_path / f"{at}.html"
        file.write_text(render(*everywhere(attack)))
        tab = opened(file, device="phone")
        tab.page.evaluate(
            "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
        )
        assert tab.page.evaluate("document.scripts.length") == 1
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= DEVICES["phone"][0]
        tab.check()


def test_a_script_that_is_not_ours_is_refused(
    opened: Opener, files: dict[str, Path], tmp_path: Path
) -> None:
    """Even if escaping had a hole: the policy stands behind it."""
    file = tmp_path / "holed.html"
    hole = (
        "<script>document.title = 'run'</script>"
        "<img src='https://example.com/x.png' onerror='document.title = 1'>"
    )
    file.write_text(files["green"].read_text().replace("</h1>", f"</h1>{hole}"))
    tab = opened(file)
    assert tab.page.title().startswith("FIT")
    assert len([one for one in tab.complaints if "Content Security Policy" in one]) >= 2
    asked = [one.failure for one in tab.requests if one.url.startswith("https:")]
    assert asked == ["csp"]
