"""The page in a real browser: Debian's Chromium through the DevTools protocol."""

import contextlib
import dataclasses
import json
import shutil
import subprocess

import pytest

from barwise.report import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--force-color-profile=srgb",
]
PATIENCE = 60


class Browser:
    """One Chromium with one page, driven by DevTools commands."""

    def __init__(self, folder):
        from websocket import create_connection

        self.process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        address = next(
            line.split()[-1]
            for line in self.process.stderr
            if "DevTools listening" in line
        )
        self.socket = create_connection(address, timeout=PATIENCE, suppress_origin=True)
        self.number = 0
        self.session = None
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def evaluate(self, script):
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(self, path, width=1280, height=900, dark=False):
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=path.as_uri())
        self.evaluate(
            "new Promise(done => { const look = () => window.__barwise?.ready"
            " ? done(true) : requestAnimationFrame(look); look(); })"
        )

    def of(self, *methods):
        return [event for event in self.events if event.get("method") in methods]

    def close(self):
        self.session = None
        with contextlib.suppress(Exception):
            self.call("Browser.close")
        self.socket.close()
        self.process.stderr.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium here; on Debian: apt-get install chromium")
    pytest.importorskip("websocket", reason="websocket-client is not installed")
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page(report, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(report, path)
    return path


def loud(browser):
    """Everything that the page said on the console or threw."""
    return browser.of(
        "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"
    )


def requested(browser):
    return {
        event["params"]["request"]["url"]
        for event in browser.of("Network.requestWillBeSent")
    }


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (400, False)])
def test_page_is_quiet_and_loads_nothing(browser, page, width, dark):
    browser.open(page, width=width, dark=dark)
    assert loud(browser) == []
    assert {url for url in requested(browser) if not url.startswith("data:")} == {
        page.as_uri()
    }
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_charts_hold_what_the_numbers_say(browser, page):
    browser.open(page)
    numbers = json.loads(
        browser.evaluate("document.getElementById('barwise-report').textContent")
    )
    counts = browser.evaluate("window.__barwise.counts")
    first = numbers["results"][0]
    said = first["signals"]["signal"]
    track = next(t for t in numbers["label_tracks"] if t["horizon"] == first["horizon"])
    trades = [i for i, side in enumerate(said) if side]
    resolved = [i for i in trades if (track["end"][i] or -1) >= 0]
    accounts = [r["equity"] for r in numbers["results"] if r["equity"]]
    assert counts == {
        "candles": len(numbers["candles"]["time"]),
        "volume": len(numbers["candles"]["volume"]),
        "signals": sum(side is not None for side in said),
        "labels": sum(label is not None for label in track["label"]),
        "markers": len(trades) + len(resolved),
        "equity": len(accounts) + 1,
        "equityPoints": sum(len(a["time"]) for a in [*accounts, accounts[0]]),
        "figures": numbers["figures"],
    }


def test_every_chart_and_figure_is_drawn(browser, page):
    browser.open(page)
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.evaluate("window.__barwise.ink('price')") > 10_000
    assert browser.evaluate("window.__barwise.ink('equity')") > 5_000
    sizes = browser.evaluate(
        "[...document.querySelectorAll('figure svg')].map(s => {"
        " const box = s.getBoundingClientRect();"
        " return [box.width, box.height, s.querySelectorAll('path, text').length]; })"
    )
    assert all(
        width > 200 and height > 100 and parts > 10 for width, height, parts in sizes
    )


def test_no_text_leaves_its_figure(browser, page):
    browser.open(page)
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    outside = browser.evaluate(
        "[...document.querySelectorAll('figure svg')].flatMap(s => {"
        " const own = s.getBoundingClientRect();"
        " return [...s.querySelectorAll('text')].filter(t => {"
        "  const box = t.getBoundingClientRect();"
        "  return box.left < own.left - 2 || box.right > own.right + 2"
        "   || box.top < own.top - 2 || box.bottom > own.bottom + 2;"
        " }).map(t => t.textContent); })"
    )
    assert outside == []


def test_tables_have_a_row_for_every_entry(browser, page, report):
    browser.open(page)
    rows = browser.evaluate(
        "Object.fromEntries([...document.querySelectorAll('table[data-table]')].map("
        "t => [t.dataset.table, t.querySelectorAll('tbody tr').length]))"
    )
    baselines = len(report.results[0].metrics["baselines"])
    assert rows["verdict"] == len(report.results)
    for horizon in (5, 20):
        models = sum(r.horizon == horizon for r in report.results)
        assert rows[f"leaderboard-{horizon}"] == models + baselines
    assert rows["findings"] == len(report.data.findings)
    assert rows["labels"] == sum(len(s.counts) for s in report.labels)
    shown = browser.evaluate("document.querySelectorAll('details.model').length")
    assert shown == len(report.results)


def test_reader_can_choose_zoom_and_hide(browser, page):
    browser.open(page)
    both = browser.evaluate("window.__barwise.counts.markers")
    browser.evaluate("document.getElementById('price-outcomes').click()")
    arrows = browser.evaluate("window.__barwise.counts.markers")
    assert 0 < arrows < both
    span = (
        "(() => { const r = window.__barwise.charts.price.timeScale()"
        ".getVisibleLogicalRange(); return r.to - r.from; })()"
    )
    before = browser.evaluate(span)
    browser.evaluate(
        "document.getElementById('price-out').click();"
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    assert browser.evaluate(span) == pytest.approx(2 * before, rel=0.05)
    choose = (
        "(() => { const s = document.getElementById('price-choice'); s.value = 'track-1';"
        " s.dispatchEvent(new Event('change')); return window.__barwise.counts; })()"
    )
    counts = browser.evaluate(choose)
    assert counts["signals"] == 0
    assert counts["markers"] == 0
    assert counts["labels"] > 4_000
    assert loud(browser) == []


def test_print_has_still_pictures_of_the_charts(browser, page):
    browser.open(page, dark=True)
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    browser.evaluate(
        "Promise.all([...document.querySelectorAll('.print-only')].map(i => i.decode()))"
    )
    widths = browser.evaluate(
        "[...document.querySelectorAll('.print-only')].map(i => i.naturalWidth)"
    )
    assert len(widths) == 2
    assert min(widths) > 300
    assert loud(browser) == []


def test_hostile_names_stay_text(browser, build_report, tmp_path):
    attack = "</script><script>window.owned=1</script><img src=x onerror='owned=1'>$x_$"
    hostile = build_report(
        days=20,
        models=(attack,),
        symbol=attack,
        title=attack,
        settings={attack: attack},
    )
    path = tmp_path / "hostile.html"
    write_report(hostile, path)
    browser.open(path)
    assert browser.evaluate("typeof window.owned") == "undefined"
    assert browser.evaluate("document.querySelector('h1').textContent") == attack
    assert browser.evaluate("document.querySelectorAll('img, script[src]').length") == 0
    assert loud(browser) == []


def test_page_without_models_bars_or_volume_still_works(
    browser, build_report, tmp_path
):
    bare = build_report(
        days=12,
        models=("tcn",),
        horizons=(5,),
        results=[],
        candles=None,
        label_tracks=[],
        labels=[],
        evidence=None,
    )
    write_report(bare, tmp_path / "bare.html")
    browser.open(tmp_path / "bare.html")
    assert browser.evaluate(
        "document.querySelector('.headline').textContent"
    ).startswith("No model was scored")
    full = build_report(days=12, models=("tcn",), horizons=(5,))
    silent = dataclasses.replace(
        full,
        candles=dataclasses.replace(full.candles, volume=None),
        results=[dataclasses.replace(full.results[0], signals=None, equity=None)],
    )
    write_report(silent, tmp_path / "silent.html")
    browser.open(tmp_path / "silent.html")
    counts = browser.evaluate("window.__barwise.counts")
    assert counts["candles"] == 12 * 78
    assert counts["volume"] == 0
    assert counts["labels"] > 0
    assert loud(browser) == []
