import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { root } from "../../lab/paths";
import { anyText, nasty } from "../core/hostileText";
import { assertSame, plainHosts, Scenario } from "./scenario";

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

describe("the script on a host, given what no component would send,", () => {
  const scenario = new Scenario(() =>
    plainHosts("10.240.0", { "worker-0": 20 }),
  );
  const on = (command: string) => scenario.lab.on("worker-0", command);
  const files = () => join(scenario.lab.root("worker-0"), place);
  /** Runs the script once for each input; returns which inputs it accepts. */
  const acceptedOf = async (verb: string, inputs: readonly string[]) => {
    const directory = join(files(), "in");
    mkdirSync(directory, { recursive: true });
    inputs.forEach((input, i) => {
      writeFileSync(join(directory, String(i)), input);
    });
    const accepted = await on(
      `cd ${place}/in; for i in *; do if sh ../script ${verb} <$i >/dev/null 2>&1; then echo $i; fi; done; rm -r ${place}/in`,
    );
    return accepted.split("\n").filter(Boolean).map(Number);
  };
  const untouchedBy = async (verb: string, inputs: readonly string[]) => {
    const untouched = await scenario.everything("worker-0");
    const accepted = await acceptedOf(verb, inputs);
    assert.deepEqual(
      accepted.map((i) => inputs[i]),
      [],
    );
    assertSame(await scenario.everything("worker-0"), untouched);
  };
  const whole = good.join("\n");
  const cutShort = Array.from({ length: whole.length - 1 }, (_, length) =>
    whole.slice(0, length),
  );

  before(() => {
    mkdirSync(files(), { recursive: true });
    const script = join(root, "components/hostPodRoutes.sh");
    copyFileSync(script, join(files(), "script"));
  });

  it("does nothing of an input that is cut short, wherever", () =>
    untouchedBy("converge", cutShort));

  it("does nothing for an owner who is none, or with a route that is none", async () => {
    const texts = [...nasty, ...fc.sample(anyText, 200)]
      // a line more is a fact more, which is for the components to refuse
      .filter((text) => !text.includes("\n"))
      .filter((text) => !/^[\w.-]*$|^[^.]*\/\d+ via [\da-f.:]+$/.test(text));
    assert.ok(texts.length > 100);
    for (const fact of ["owner prod", good[5] ?? ""]) {
      const [name] = fact.split(" ");
      const inputs = texts.map((text) =>
        whole.replace(fact, () => `${name} ${text}`),
      );
      await untouchedBy("converge", inputs);
    }
    await untouchedBy("converge", [whole.replace("owner prod", "owner ..")]);
  });

  it("removes nothing for an input that is cut short", async () => {
    assert.deepEqual(await acceptedOf("converge", [whole]), [0]);
    assert.equal((await scenario.table("worker-0")).length, 4);
    await untouchedBy("remove", cutShort);
    assert.deepEqual(await acceptedOf("remove", [whole]), [0]);
    assert.deepEqual(await scenario.table("worker-0"), []);
  });
});
