/** One line of a picture. */
export interface Series {
  readonly name: string;
  /** Points, from left to right. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** One of the coordinate systems of a picture; both axes are logarithmic. */
export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
}

// colours that people with any colour vision tell apart: Okabe and Ito, https://jfly.uni-koeln.de/color/
const colours = [
  ...["#d55e00", "#999999", "#000000", "#0072b2"],
  ...["#009e73", "#cc79a7", "#e69f00"],
];
const size = {
  width: 400,
  height: 260,
  left: 50,
  right: 10,
  top: 34,
  bottom: 32,
};
const columns = 2;

/** A picture as SVG: panels two abreast and below them what their lines are. The first line is the thick one. */
export function plot(panels: readonly Panel[], xTitle: string): string {
  const names = [
    ...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name))),
  ];
  const legendRows = Math.ceil(names.length / 4);
  const top = size.height * Math.ceil(panels.length / columns);
  const height = top + 20 * legendRows + 14;
  const width = size.width * columns;
  const parts = [
    ...panels.map((panel, i) => {
      const x = (i % columns) * size.width;
      const y = Math.floor(i / columns) * size.height;
      return `<g transform="translate(${x} ${y})">${drawn(panel, names, xTitle)}</g>`;
    }),
    ...names.map((name, i) => {
      const x = size.left + (i % 4) * ((width - size.left) / 4);
      const y = top + 14 + 20 * Math.floor(i / 4);
      return `<path d="M${x} ${y}h24" ${stroke(i)}/><text x="${x + 30}" y="${y + 4}">${escaped(name)}</text>`;
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>${escaped(panels.map(({ title }) => title).join("; "))}</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${parts.join("\n")}
</svg>
`;
}

function drawn(
  { title, series }: Panel,
  names: readonly string[],
  xTitle: string,
): string {
  const points = series.flatMap((one) => one.points);
  const xs = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b);
  const x = axis(xs, size.left, size.width - size.right - 20);
  const ys = points.map(([, y]) => y);
  const ticks = ticksOver(ys);
  const y = axis(ticks, size.height - size.bottom, size.top);
  const bottom = size.height - size.bottom;
  const grid = ticks.map(
    (tick) =>
      `<path d="M${size.left} ${y(tick)}H${size.width - size.right}" stroke="#ddd"/><text x="${size.left - 6}" y="${at(y(tick) + 4)}" text-anchor="end" fill="#555">${tick}</text>`,
  );
  const below = xs.map(
    (value) =>
      `<path d="M${x(value)} ${bottom}v4" stroke="#555"/><text x="${x(value)}" y="${bottom + 16}" text-anchor="middle" fill="#555">${value}</text>`,
  );
  const lines = [...series].reverse().map(({ name, points }) => {
    const style = stroke(names.indexOf(name));
    const [[, colour] = []] = [...style.matchAll(/stroke="(.*?)"/g)];
    const path = points.map(([px, py]) => `${x(px)} ${y(py)}`).join("L");
    const dots = points.map(
      ([px, py]) =>
        `<circle cx="${x(px)}" cy="${y(py)}" r="2.5" fill="${colour}"/>`,
    );
    return `<path d="M${path}" ${style}/>${dots.join("")}`;
  });
  return [
    `<text x="${size.left}" y="20" font-weight="bold">${escaped(title)}</text>`,
    `<text x="${size.width - size.right}" y="${size.height - 4}" text-anchor="end" fill="#555">${escaped(xTitle)}</text>`,
    ...[...grid, ...below, ...lines],
  ].join("\n");
}

/** Where on a logarithmic axis a value stands, which these values fill. */
function axis(
  values: readonly number[],
  from: number,
  to: number,
): (value: number) => number {
  const [low, high] = [Math.min(...values), Math.max(...values)].map(Math.log);
  const span = (high ?? 0) - (low ?? 0) || 1;
  return (value) =>
    at(from + ((Math.log(value) - (low ?? 0)) / span) * (to - from));
}

/** 1, 2 and 5 times powers of ten, from below all values to above them. */
function ticksOver(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const all: number[] = [];
  for (let power = -6; power <= 6; power++) {
    all.push(...[1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
  }
  const first = all.findIndex((tick) => tick > low) - 1;
  const last = all.findIndex((tick) => tick >= high);
  const between = all.slice(first, last + 1);
  return between.length <= 8
    ? between
    : between.filter((tick) => /^[01.]*$/.test(String(tick)));
}

function stroke(i: number): string {
  return `fill="none" stroke="${colours[i % colours.length]}" stroke-width="${i === 0 ? 3 : 1.5}"`;
}

function at(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
