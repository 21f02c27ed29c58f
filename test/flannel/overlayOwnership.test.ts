import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { getEngine } from "../../lab/engine.ts";
import { ComponentStack, type Components } from "../componentStack.ts";
import { failed } from "../programStack.ts";
import { FlannelScenario } from "./flannelScenario.ts";

interface List {
  items: { metadata: { labels: Record<string, string> } }[];
}

describe("the owner of the overlay's objects", () => {
  const scenario = new FlannelScenario({ workers: 2 });
  const overlay = (name: string, ...old: string[]): Components => ({
    [name]: {
      type: "FlannelOverlay",
      args: {
        nodes: scenario.nodes(),
        flannel: {
          interfaces: { names: ["enp0s8"] },
          maxUnavailable: "100%",
        },
        ssh: { privateKeyFile: "~/.ssh/id_ed25519" },
      },
      opts: { aliases: old.map((one) => ({ name: one })) },
    },
  });
  const newStack = async (name: string, parent: string) => {
    const env = { HOME: scenario.home, SSH_AUTH_SOCK: undefined };
    const { netns } = scenario.cluster.lab;
    const within = join(scenario.home, parent);
    const engine = await getEngine("command");
    return new ComponentStack(name, engine, env, within, netns).init();
  };
  let stack: ComponentStack;

  it("stays when the stack, the project and, with an alias, the component are renamed, and when the state moves", async () => {
    stack = await newStack("dev", "one");
    await stack.up(overlay("pods"));
    await stack.rename("prod", "ours");
    await stack.changesNothing(overlay("pods"));
    const elsewhere = await newStack("prod", "two");
    await elsewhere.rename("prod", "ours");
    await stack.moveTo(elsewhere);
    stack = elsewhere;
    await stack.changesNothing(overlay("network", "pods"));
    const label = "pod-network-routes/owner";
    const objects = ["daemonsets,configmaps", "-A", "-l", label];
    const { items } = await scenario.cluster.get<List>(...objects);
    assert.deepEqual(
      items.map(({ metadata }) => metadata.labels[label]),
      ["theirs.dev.pods", "theirs.dev.pods"],
    );
  });

  it("differs for another stack, which is refused", async () => {
    const other = await newStack("other", "three");
    const up = ["up", "--yes", "--skip-preview"];
    const said = failed(await other.run(overlay("pods"), ...up));
    assert.match(said, /was made by theirs\.dev\.pods/);
    await stack.up({});
    await scenario.clean();
  });
});
