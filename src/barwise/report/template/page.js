(() => {
  "use strict";
  const started = performance.now();
  const report = JSON.parse(document.getElementById("barwise-report").textContent);
  const charts = {};
  const seen = (window.__barwise = { ready: false, charts, counts: {} });
  const byId = (id) => document.getElementById(id);
  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const faint = (name) => colour(name) + "66";
  const repaint = [];
  const tallies = [];

  const look = () => ({
    layout: {
      background: { type: "solid", color: colour("--paper") },
      textColor: colour("--muted"),
      // The licence's link and notice stand at the foot of the page.
      attributionLogo: false,
      panes: { separatorColor: colour("--grid"), enableResize: false },
    },
    grid: {
      vertLines: { color: colour("--grid") },
      horzLines: { color: colour("--grid") },
    },
    rightPriceScale: { borderColor: colour("--grid") },
    timeScale: { borderColor: colour("--grid") },
  });

  function newChart(name, daily) {
    const box = byId(`${name}-chart`);
    const chart = LightweightCharts.createChart(box, {
      autoSize: true,
      timeScale: { timeVisible: !daily, secondsVisible: false, minBarSpacing: 0.05 },
      crosshair: { mode: LightweightCharts.CrosshairMode.Normal },
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      handleScale: { mouseWheel: false },
    });
    // The wheel belongs to the page until the reader has clicked into the chart.
    const wheel = (on) =>
      chart.applyOptions({
        handleScroll: { mouseWheel: on },
        handleScale: { mouseWheel: on },
      });
    box.addEventListener("pointerdown", () => wheel(true));
    box.addEventListener("pointerleave", () => wheel(false));
    repaint.push(() => chart.applyOptions(look()));
    charts[name] = chart;
    return chart;
  }

  // ---- price, signals, labels -------------------------------------------------

  const SIDE = { "1": "--long", "0": "--neutral", "-1": "--short" };
  const CROWDED = 700;

  function priceChart() {
    const data = report.candles;
    const chart = newChart("price", false);
    const format = {
      type: "price",
      precision: data.precision,
      minMove: Math.pow(10, -data.precision),
    };
    const candles = chart.addSeries(LightweightCharts.CandlestickSeries, {
      priceFormat: format,
    });
    chart.priceScale("right").applyOptions({ scaleMargins: { top: 0.06, bottom: 0.2 } });
    candles.setData(
      data.time.map((time, i) => ({
        time,
        open: data.open[i],
        high: data.high[i],
        low: data.low[i],
        close: data.close[i],
      })),
    );
    const volume = data.volume && addVolume(chart);
    const strips = [0, 1].map((place) => addStrip(chart, place));
    chart.panes()[1].setHeight(54);
    const arrows = LightweightCharts.createSeriesMarkers(candles, []);
    let marks = [];
    let crowded = null;

    const thin = () => {
      const range = chart.timeScale().getVisibleLogicalRange();
      const now = !range || range.to - range.from > CROWDED;
      if (now !== crowded) arrows.setMarkers(now ? [] : marks);
      crowded = now;
    };
    const show = () => {
      const choice = chosen();
      marks = markers(choice, byId("price-signals").checked, byId("price-outcomes").checked);
      fillStrip(strips[0], choice.said);
      fillStrip(strips[1], choice.label);
      crowded = null;
      thin();
      seen.counts.signals = count(choice.said);
      seen.counts.labels = count(choice.label);
      seen.counts.markers = marks.length;
    };
    const paint = () => {
      candles.applyOptions({
        upColor: colour("--long"),
        wickUpColor: colour("--long"),
        borderUpColor: colour("--long"),
        downColor: colour("--short"),
        wickDownColor: colour("--short"),
        borderDownColor: colour("--short"),
      });
      if (volume) fillVolume(volume, data);
      show();
    };
    repaint.push(paint);
    chart.timeScale().subscribeVisibleLogicalRangeChange(thin);
    chart.subscribeCrosshairMove((at) => readout(at, data));
    for (const id of ["price-choice", "price-signals", "price-outcomes"])
      byId(id)?.addEventListener("change", show);
    zoomButtons(chart, data.time.length);
    lastBars(chart, data.time.length, byId("price-chart").clientWidth / 7);
    tallies.push(() => {
      seen.counts.candles = candles.data().length;
      seen.counts.volume = volume ? volume.data().length : 0;
    });
  }

  function addVolume(chart) {
    const series = chart.addSeries(LightweightCharts.HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    return series;
  }

  function fillVolume(series, data) {
    const up = faint("--long");
    const down = faint("--short");
    series.setData(
      data.time.map((time, i) => ({
        time,
        value: data.volume[i],
        color: data.close[i] >= data.open[i] ? up : down,
      })),
    );
  }

  function addStrip(chart, place) {
    const series = chart.addSeries(
      LightweightCharts.HistogramSeries,
      {
        base: 1 - place,
        lastValueVisible: false,
        priceLineVisible: false,
        priceFormat: { type: "custom", minMove: 1, formatter: () => "" },
        autoscaleInfoProvider: () => ({ priceRange: { minValue: 0, maxValue: 2 } }),
      },
      1,
    );
    series.priceScale().applyOptions({ scaleMargins: { top: 0.05, bottom: 0.05 } });
    series.top = 1.9 - place;
    return series;
  }

  function fillStrip(series, values) {
    const paint = {};
    for (const side in SIDE) paint[side] = colour(SIDE[side]);
    series.setData(
      report.candles.time.map((time, i) =>
        values?.[i] == null ? { time } : { time, value: series.top, color: paint[values[i]] },
      ),
    );
  }

  function chosen() {
    const value = byId("price-choice")?.value ?? "";
    if (value.startsWith("track-"))
      return { said: null, track: report.label_tracks[value.slice(6)], get label() { return this.track.label; } };
    const result = report.results[value];
    const track = report.label_tracks.find((t) => t.horizon === result?.horizon);
    return {
      said: result?.signals.signal,
      confidence: result?.signals.confidence,
      track,
      label: track?.label,
    };
  }

  function markers(choice, signals, outcomes) {
    const time = report.candles.time;
    const found = [];
    (choice.said ?? []).forEach((side, i) => {
      if (!side) return;
      const below = side > 0;
      if (signals)
        found.push({
          time: time[i],
          position: below ? "belowBar" : "aboveBar",
          shape: below ? "arrowUp" : "arrowDown",
          color: colour(SIDE[side]),
        });
      const label = choice.label?.[i];
      const end = choice.track?.end[i];
      if (outcomes && label != null && end >= 0 && end != null)
        found.push({
          time: time[end],
          position: below ? "aboveBar" : "belowBar",
          shape: "circle",
          size: 0.6,
          color: colour(label === side ? "--good" : label === 0 ? "--neutral" : "--short"),
        });
    });
    return found.sort((a, b) => a.time - b.time);
  }

  function readout(at, data) {
    const line = byId("price-readout");
    const i = at.logical;
    if (at.time === undefined || data.time[i] === undefined) {
      line.textContent = "";
      return;
    }
    const price = (v) => v.toFixed(data.precision);
    const side = { "1": "long", "0": "neutral", "-1": "short" };
    const choice = chosen();
    const parts = [
      new Date(data.time[i] * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC",
      `O ${price(data.open[i])}  H ${price(data.high[i])}  L ${price(data.low[i])}  C ${price(data.close[i])}`,
    ];
    if (data.volume) parts.push(`volume ${data.volume[i].toLocaleString("en")}`);
    if (choice.said?.[i] != null)
      parts.push(`said ${side[choice.said[i]]} (${choice.confidence[i] ?? "?"}%)`);
    if (choice.label?.[i] != null) parts.push(`label ${side[choice.label[i]]}`);
    line.textContent = parts.join("  ·  ");
  }

  function zoomButtons(chart, bars) {
    const scale = chart.timeScale();
    const zoom = (factor) => () => {
      const { from, to } = scale.getVisibleLogicalRange();
      const half = ((to - from) / 2) * factor;
      const middle = (from + to) / 2;
      scale.setVisibleLogicalRange({ from: middle - half, to: middle + half });
    };
    byId("price-in").addEventListener("click", zoom(0.5));
    byId("price-out").addEventListener("click", zoom(2));
    byId("price-all").addEventListener("click", () =>
      scale.setVisibleLogicalRange({ from: -0.5, to: bars - 0.5 }),
    );
  }

  function lastBars(chart, bars, wanted) {
    chart.timeScale().setVisibleLogicalRange({ from: Math.max(bars - wanted, -0.5), to: bars + 2 });
  }

  // ---- accounts ---------------------------------------------------------------

  const LINES = ["--long", "--series-2", "--good", "--series-4", "--series-5", "--short"];
  const SHOWN = 6;

  function equityChart() {
    const chart = newChart("equity", true);
    const tested = report.results.filter((r) => r.equity && r.equity.time.length);
    const held = tested.find((r) => r.equity.buy_and_hold);
    const lines = tested.map((r, k) => ({
      name: r.name,
      values: r.equity.net,
      time: r.equity.time,
      colour: LINES[k % LINES.length],
      style: Math.floor(k / LINES.length) % 3,
      visible: k < SHOWN,
    }));
    if (held)
      lines.push({
        name: "buy and hold",
        values: held.equity.buy_and_hold,
        time: held.equity.time,
        colour: "--muted",
        style: LightweightCharts.LineStyle.Dashed,
        visible: true,
      });
    const drawn = lines.map((line) => addLine(chart, line));
    const points = new Set(lines.flatMap((line) => line.time)).size;
    chart.timeScale().setVisibleLogicalRange({ from: -0.03 * points, to: 1.01 * points });
    seen.counts.equity = drawn.length;
    seen.counts.equityPoints = drawn.reduce((sum, s) => sum + s.data().length, 0);
  }

  function addLine(chart, line) {
    const series = chart.addSeries(LightweightCharts.LineSeries, {
      lineWidth: 2,
      lineStyle: line.style,
      visible: line.visible,
      lastValueVisible: false,
      priceLineVisible: false,
      priceFormat: { type: "custom", minMove: 0.01, formatter: (v) => `${v.toFixed(1)}%` },
    });
    series.setData(line.time.map((time, i) => ({ time, value: line.values[i] })));
    const button = document.createElement("button");
    const stroke = document.createElement("i");
    button.type = "button";
    button.append(stroke, line.name);
    button.setAttribute("aria-pressed", String(line.visible));
    button.addEventListener("click", () => {
      const visible = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(visible));
      series.applyOptions({ visible });
    });
    byId("equity-legend").append(button);
    repaint.push(() => {
      series.applyOptions({ color: colour(line.colour) });
      stroke.style.borderTopColor = colour(line.colour);
      stroke.style.borderTopStyle = line.style ? "dashed" : "solid";
    });
    return series;
  }

  // ---- the page ---------------------------------------------------------------

  const count = (values) => (values ?? []).filter((v) => v != null).length;

  function forPrint() {
    // Paper is white, whatever the screen is.
    document.documentElement.dataset.theme = "light";
    paintAll();
    for (const name in charts) {
      const box = byId(`${name}-chart`);
      let still = box.nextElementSibling;
      if (!still?.classList.contains("print-only")) {
        still = document.createElement("img");
        still.className = "print-only";
        still.alt = box.getAttribute("aria-label");
        box.after(still);
      }
      still.src = charts[name].takeScreenshot().toDataURL();
    }
    delete document.documentElement.dataset.theme;
    paintAll();
  }

  // Pixels that differ from the background: proof that a canvas was drawn.
  seen.ink = (name) => {
    const canvas = charts[name].takeScreenshot();
    const pixels = new Uint32Array(
      canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer,
    );
    return pixels.reduce((sum, pixel) => sum + (pixel !== pixels[0] ? 1 : 0), 0);
  };

  const paintAll = () => repaint.forEach((paint) => paint());
  if (byId("price-chart")) priceChart();
  if (byId("equity-chart")) equityChart();
  paintAll();
  tallies.forEach((tally) => tally());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintAll);
  addEventListener("beforeprint", forPrint);
  seen.counts.figures = document.querySelectorAll("figure svg").length;
  requestAnimationFrame(() => {
    seen.milliseconds = Math.round(performance.now() - started);
    seen.ready = true;
  });
})();
