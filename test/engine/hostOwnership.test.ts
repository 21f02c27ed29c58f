import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { type Engine, getEngine } from "../../lab/engine.ts";
import { ComponentStack } from "../componentStack.ts";
import { failed, succeeded } from "../programStack.ts";
import { lines } from "../stacks.ts";
import { temporaryDirectory } from "../temporaryDirectory.ts";
import { plainHosts, Scenario, workers } from "./scenario.ts";

const hosts = { "controller-0": 10, "worker-0": 20, "worker-1": 21 };

describe("the owner of routes on hosts", () => {
  const scenario = new Scenario(plainHosts("10.240.0", hosts));
  const directory = temporaryDirectory("owner");
  let engine: Engine;
  let stack: ComponentStack;

  /** A component with the pod CIDRs 10.NET.0.0/24 and 10.NET.1.0/24. */
  const routes = (net: number, more: object = {}, ...old: string[]) => ({
    type: "HostPodRoutes" as const,
    args: {
      nodes: [
        { name: "controller-0", internalIp: "10.240.0.10" },
        ...workers(2, net),
      ],
      ssh: {
        privateKeyFile: scenario.lab.key,
        knownHostsFile: scenario.lab.knownHosts,
      },
      ...more,
    },
    opts: { aliases: old.map((name) => ({ name })) },
  });
  const newStack = (name: string, parent: string) =>
    new ComponentStack(
      name,
      engine,
      { SSH_AUTH_SOCK: undefined },
      join(directory, parent),
      scenario.lab.netns,
    ).init();
  /** Asserts that the hosts know exactly these owners, and the controller the routes to these networks. */
  const assertThere = async (owners: string[], nets: number[]) => {
    for (const host of Object.keys(hosts)) {
      const there = "cd /var/lib/pod-network-routes; ls -d */";
      const found = lines(await scenario.lab.on(host, there));
      assert.deepEqual(found, owners.map((owner) => `${owner}/`).sort());
    }
    assert.deepEqual(
      await scenario.table("controller-0"),
      nets.flatMap((net) => [
        `10.${net}.0.0/24 via 10.240.0.20 dev eth0`,
        `10.${net}.1.0/24 via 10.240.0.21 dev eth0`,
      ]),
    );
  };

  before(async () => {
    engine = await getEngine("command");
    stack = await newStack("dev", "one");
  });

  it("is shown in full by the first preview", async () => {
    const preview = ["preview", "--diff"];
    const said = succeeded(await stack.run({ pods: routes(200) }, ...preview));
    assert.equal(said.match(/stdin .*"owner theirs\.dev\.pods\\n/g)?.length, 3);
    assert.equal(said.match(/delete .*\/theirs\.dev\.pods;/g)?.length, 3);
  });

  it("stays when stack and project are renamed", async () => {
    await stack.up({ pods: routes(200) });
    await stack.changesNothing({ pods: routes(200) });
    await stack.rename("prod");
    await stack.changesNothing({ pods: routes(200) });
    await stack.rename("prod", "ours");
    await stack.changesNothing({ pods: routes(200) });
    await assertThere(["theirs.dev.pods"], [200]);
  });

  it("stays when the stack moves to another backend", async () => {
    const elsewhere = await newStack("prod", "two");
    await elsewhere.rename("prod", "ours");
    await stack.moveTo(elsewhere);
    stack = elsewhere;
    await stack.changesNothing({ pods: routes(200) });
    await assertThere(["theirs.dev.pods"], [200]);
  });

  it("stays when the component is renamed with an alias", async () => {
    await stack.changesNothing({ network: routes(200, {}, "pods") });
    await stack.changesNothing({ network: routes(200) });
    await assertThere(["theirs.dev.pods"], [200]);
  });

  it("is another one for a new component of the stack, and neither prunes the other's routes", async () => {
    const both = { network: routes(200), more: routes(201) };
    await stack.up(both);
    const owners = ["theirs.dev.pods", "ours.prod.more"];
    await assertThere(owners, [200, 201]);
    await stack.up({ ...both, network: routes(202) });
    await assertThere(owners, [201, 202]);
  });

  it("is another one for another stack, and neither prunes the other's routes, renamed or not", async () => {
    const other = await newStack("dev", "three");
    await other.up({ network: routes(203, { owner: "named" }) });
    const owners = ["theirs.dev.pods", "ours.prod.more"];
    await assertThere([...owners, "named"], [201, 202, 203]);
    await stack.up({ network: routes(202) });
    await assertThere(["theirs.dev.pods", "named"], [202, 203]);
    await other.up({ network: routes(204, { owner: "named" }) });
    await assertThere(["theirs.dev.pods", "named"], [202, 204]);

    // what the user has said once stays, also when it is said no more
    await other.changesNothing({ network: routes(204) });

    // without an alias the old component goes, and the commands on the hosts stay
    const renamed = { renamed: routes(204, { owner: "named" }) };
    await other.up(renamed);
    await other.changesNothing(renamed);
    await assertThere(["theirs.dev.pods", "named"], [202, 204]);
    await other.run({}, "destroy", "--yes", "--skip-preview");
    await assertThere(["theirs.dev.pods"], [202]);
  });

  it("is given back by one key of the configuration to a stack whose state was lost", async () => {
    const anew = await newStack("anew", "four");
    const up = ["up", "--yes", "--skip-preview"];
    const said = failed(await anew.run({ network: routes(202) }, ...up));
    const [, owner = ""] =
      /is routed on this host by ([\w.-]+[\w-])/.exec(said) ?? [];
    assert.equal(owner, "theirs.dev.pods");
    await anew.up({ network: routes(202, { owner }) });
    await anew.changesNothing({ network: routes(202) });
    await assertThere([owner], [202]);
    await anew.up({});
    for (const host of Object.keys(hosts)) {
      assert.deepEqual(await scenario.table(host), []);
    }
  });
});
