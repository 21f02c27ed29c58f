import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { root } from "../../lab/paths.ts";
import { anyText, nasty } from "../unit/hostileText.ts";
import { assertSame, Scenario, workerHosts } from "./scenario.ts";

const place = "/run/pod-network-routes";
const good = [
  "owner prod",
  "node worker-0 10.240.0.20",
  "adopt no",
  "heal 10",
  "forward 4",
  "route 10.200.1.0/24 via 10.240.0.21",
  "routes 3 from 10.200.2.0/24 via 10.240.0.22 to 10.200.4.0/24 via 10.240.0.24",
  "hosts 10.240.0.21 worker-1",
  "end",
  "",
];
const whole = good.join("\n");

const shells = ["dash", "bash --posix", "busybox ash"];
const awks = ["mawk", "gawk", "busybox awk"];

/** Texts for a fact. Most leave a file in /tmp if a shell or awk runs them. */
const commands = [
  "delay[$(touch /tmp/ran)0]",
  "$(touch /tmp/ran)",
  "`touch /tmp/ran`",
  "; touch /tmp/ran",
  "\n touch /tmp/ran",
  "x\\ntouch /tmp/ran",
  "| sh -c 'touch /tmp/ran'",
  '"; touch /tmp/ran; "',
  "'; touch /tmp/ran; '",
  `\${x:=$(touch /tmp/ran)}`,
  '" system("touch /tmp/ran") "',
  "*",
  "/etc/*",
  "../../../tmp/ran",
  "-rf /",
  "--help",
  "%s%n",
  "a\0b",
  "10\r",
  "\t10",
  " 10",
  "010",
  "0x10",
  "1e3",
  "9".repeat(400),
  "x".repeat(100_000),
];

/** The input with another line in place of one, with one more, without one, and with two that changed places. */
function variants(): string[] {
  const lines = good.slice(0, -1);
  const joined = (all: readonly string[]) => `${all.join("\n")}\n`;
  const changed = lines.flatMap((line, i) => {
    const [word, ...rest] = line.split(" ");
    const values = [
      ...commands.map((text) => `${word} ${text}`),
      ...commands.slice(0, 5).map((text) => `${line} ${text}`),
      ...rest.map((_, k) =>
        [word, ...rest.map((w, j) => (j === k ? "$(touch /tmp/ran)" : w))].join(
          " ",
        ),
      ),
      line.toUpperCase(),
      ` ${line}`,
      `${line} `,
      line.replace(" ", "  "),
      "",
      "unknown 1",
      "watch /tmp",
      `${line}\n${line.replace(/^\w+/, "unknown")}`,
    ].filter((value) => value !== line && !/^owner \w{1,200}$/.test(value));
    return values.map((value) => lines.map((l, k) => (k === i ? value : l)));
  });
  const without = lines.map((_, i) => lines.filter((_, k) => k !== i));
  // forwarding, routes and lines for /etc/hosts may be missing
  const needed = without.filter((_, i) => i < 4 || i === 8);
  // two lines for /etc/hosts may be the same
  const repeated = lines
    .filter((_, i) => i !== 7)
    .map((line) => [...lines.slice(0, -1), line, "end"]);
  // routes and ranges of routes may be in any order
  const swapped = lines.slice(1).flatMap((line, i) => {
    const [before, after] = [lines.slice(0, i), lines.slice(i + 2)];
    return i === 5 ? [] : [[...before, line, lines[i] ?? "", ...after]];
  });
  const [owner = "", node = "", adopt = "", heal = ""] = lines;
  const routes = [
    "0.0.0.0/0 via 10.0.0.9",
    "10.0.0.0/7 via 10.0.0.9",
    "::/0 via fd00::1",
    "fd00::/15 via fd00::1",
    "10.200.1.1/24 via 10.0.0.9",
    "fe80::/64 via fd00::1",
    "127.0.0.0/8 via 10.0.0.9",
    "224.0.0.0/8 via 10.0.0.9",
    "10.200.1.0/24 via 0.0.0.0",
    "10.200.1.0/24 via fd00::1",
    "10.200.1.0/24 via 10.0.0.9 dev eth0",
    "default via 10.0.0.9",
    "10.200.1.0/24 via 10.0.0.9 table 7",
    "blackhole 10.200.1.0/24",
  ].map((route) => [owner, node, adopt, heal, `route ${route}`, "end"]);
  const ranges = [
    "1 from 10.1.0.0/24 via 10.0.0.1 to 10.1.0.0/24 via 10.0.0.1",
    "3 from 10.1.0.0/24 via 10.0.0.1 to 10.1.1.0/24 via 10.0.0.3",
    "99999 from 10.0.0.0/24 via 10.0.0.1 to 250.0.0.0/24 via 11.0.0.1",
    "2 from 10.1.0.0/24 via 10.0.0.1 to 10.1.1.0/25 via 10.0.0.2",
    "2 from 126.0.0.0/8 via 10.0.0.1 to 127.0.0.0/8 via 10.0.0.2",
  ].map((range) => [owner, node, adopt, heal, `routes ${range}`, "end"]);
  const many = [
    ...lines.slice(0, -1),
    ...Array.from(
      { length: 25_000 },
      (_, i) => `hosts 10.1.${i >> 8}.${i & 255} n`,
    ),
    "end",
  ];
  return [
    ...[
      ...changed,
      ...needed,
      ...repeated,
      ...swapped,
      ...routes,
      ...ranges,
      many,
    ].map(joined),
    "\0",
    `${whole}more\n`,
    `${whole}\0`,
    `\0${whole}`,
    `${whole}${whole}`,
    "\n".repeat(1_000_000),
    "x".repeat(5_000_000),
    "",
    whole.replace("end\n", "end\0\n"),
    whole.replace("\nforward", "\0forward"),
    whole.replace("heal 10", "heal 10\0"),
  ];
}

describe("the script on a host, given what no component would send,", () => {
  const scenario = new Scenario(workerHosts(1));
  const on = (command: string) => scenario.lab.on("worker-0", command);
  const files = () => join(scenario.lab.root("worker-0"), place);
  /** Runs the script once for each input; returns which inputs it accepts. */
  const acceptedOf = async (
    verb: string,
    inputs: readonly string[],
    shell = "sh",
  ) => {
    const directory = join(files(), "in");
    mkdirSync(directory, { recursive: true });
    inputs.forEach((input, i) => {
      writeFileSync(join(directory, String(i)), input);
    });
    const accepted = await on(
      `cd ${place}/in; for i in *; do if ${shell} ../script ${verb} <$i >/dev/null 2>&1; then echo $i; fi; done; rm -r ${place}/in`,
    );
    return accepted.split("\n").filter(Boolean).map(Number);
  };
  const untouchedBy = async (
    verb: string,
    inputs: readonly string[],
    shell?: string,
  ) => {
    const untouched = await scenario.everything("worker-0");
    const accepted = await acceptedOf(verb, inputs, shell);
    assert.deepEqual(
      accepted.map((i) => inputs[i]?.slice(0, 1000)),
      [],
    );
    assertSame(await scenario.everything("worker-0"), untouched);
  };
  const use = (awk: string) =>
    on(
      `printf '#!/bin/sh\\nexec /usr/bin/${awk} "$@"\\n' >/usr/bin/awk.new; chmod 755 /usr/bin/awk.new; mv /usr/bin/awk.new /usr/bin/awk`,
    );
  const cutShort = Array.from({ length: whole.length - 1 }, (_, length) =>
    whole.slice(0, length),
  );

  before(() => {
    mkdirSync(files(), { recursive: true });
    const script = join(root, "components/hosts/hostPodRoutes.sh");
    copyFileSync(script, join(files(), "script"));
  });

  it("does nothing of an input that is cut short, wherever", () =>
    untouchedBy("converge", cutShort));

  for (const shell of shells) {
    for (const awk of awks) {
      it(`does nothing in ${shell} with ${awk}, whatever stands in place of a fact`, async () => {
        await use(awk);
        await untouchedBy("converge", variants(), shell);
        assert.deepEqual(await acceptedOf("converge", [whole], shell), [0]);
        assert.equal((await scenario.table("worker-0")).length, 4);
        // each shell and each awk once, for both verbs have one reader
        if (shells.indexOf(shell) === awks.indexOf(awk)) {
          await untouchedBy("remove", variants(), shell);
        }
        assert.deepEqual(await acceptedOf("remove", [whole], shell), [0]);
        assert.deepEqual(await scenario.table("worker-0"), []);
      });
    }
  }

  it("does nothing for any text as owner, or as a route", async () => {
    const texts = [...nasty, ...fc.sample(anyText, 100)]
      // a line more is a fact more
      .filter((text) => !text.includes("\n"))
      .filter((text) => !/^[\w.-]*$|^[^.]*\/\d+ via [\da-f.:]+$/.test(text));
    assert.ok(texts.length > 80);
    const inputs = ["owner prod", good[5] ?? ""].flatMap((fact) =>
      texts.map((text) =>
        whole.replace(fact, () => `${fact.split(" ")[0]} ${text}`),
      ),
    );
    await untouchedBy("converge", inputs);
  });

  it("runs nothing that stands in a record, which an older version may have written unchecked", async () => {
    assert.deepEqual(await acceptedOf("converge", [whole]), [0]);
    const record = "/var/lib/pod-network-routes/prod";
    // what fails is tried again after a time that is computed
    await on(
      `cd ${record}; mv routes right; echo '10.9.0.0/16 via 172.16.0.1' >routes; echo 'delay[$(touch /tmp/ran)0]' >heal`,
    );
    for (const shell of shells) {
      const script = `${place}/script watch ${record}`;
      const said = await on(
        `timeout 1 ${shell} ${script} 2>&1 || [ $? = 124 ]; [ ! -e /tmp/ran ]`,
      );
      assert.match(said, /10\.9\.0\.0\/16 via 172\.16\.0\.1/);
    }
    await on(`cd ${record}; mv right routes`);
    assert.deepEqual(await acceptedOf("remove", [whole]), [0]);
  });

  it("removes nothing for an input that is cut short", async () => {
    assert.deepEqual(await acceptedOf("converge", [whole]), [0]);
    assert.equal((await scenario.table("worker-0")).length, 4);
    await untouchedBy("remove", cutShort);
    assert.deepEqual(await acceptedOf("remove", [whole]), [0]);
    assert.deepEqual(await scenario.table("worker-0"), []);
  });
});
