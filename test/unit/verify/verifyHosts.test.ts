import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import ssh2 from "ssh2";
import { recordedWants } from "../../../components/hosts/hostWants.ts";
import type { StackResource } from "../../../components/verify/exportedState.ts";
import { verifyHosts } from "../../../components/verify/verifyHosts.ts";
import { nodes, worker } from "../clusterFaults.ts";
import { keyPair } from "../mockedStack.ts";
import { closedPort, listen } from "../ssh/servers.ts";
import { commandOf } from "./verifyStack.ts";

const { Server: SshServer } = ssh2;

const { privateKey, hostKey } = keyPair();

/** A host on which every command fails with this complaint; its port. */
function complaining(t: TestContext, complaint: string): Promise<number> {
  const server = new SshServer({ hostKeys: [privateKey] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => context.accept());
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec) => {
        const channel = acceptExec();
        channel.resume();
        channel.on("end", () => {
          channel.stderr.write(complaint);
          channel.exit(1);
          channel.end();
        });
      });
    });
  });
  return listen(t, server);
}

/** What is found of node-0 of {@link commandOf}, at this port, where these nodes are wanted. */
async function found(
  port: number,
  wanted: ReturnType<typeof nodes>,
  verb: "up" | "destroy" = "up",
) {
  const connection = {
    ...{ host: "127.0.0.1", port, user: "ops", privateKey, hostKey },
  };
  const component: StackResource = {
    ...{ urn: "urn:routes", type: "pod-network-routes:index:HostPodRoutes" },
    inputs: {
      ...recordedWants({
        ...{ cluster: wanted, hostRoutes: true, controllerRoutes: true },
        ...{ controllerHosts: true, healInterval: 10 },
      }),
    },
    outputs: {},
  };
  return verifyHosts([component], [commandOf({ connection })], {
    stack: { stack: "prod", configFile: undefined, verb },
    ...{ parallel: 1, progress: () => {} },
  });
}

const here = nodes(
  worker("node-0", ["10.240.0.20"], "10.200.0.0/24"),
  worker("node-1", ["10.240.0.21"], "10.200.1.0/24"),
);
const gone = nodes(worker("node-1", ["10.240.0.21"], "10.200.1.0/24"));

test("a host that answers and does not let verify look was not looked at, and the reason is told", async (t) => {
  const port = await complaining(t, "sudo: a password is required\n");
  const { hosts } = await found(port, here);
  assert.equal(hosts[0]?.unreachable, undefined);
  assert.match(
    hosts[0]?.unlooked ?? "",
    /^sudo: a password is required; .*ops.*docs\/hosts\.md/,
  );
});

test("another reason why a host cannot be looked at is told as it is", async (t) => {
  const { hosts } = await found(await complaining(t, "no such shell"), here);
  assert.equal(hosts[0]?.unlooked, "no such shell");
});

test("a host that does not answer is unreachable", async () => {
  const { hosts } = await found(await closedPort(), here);
  assert.ok(hosts[0]?.unreachable);
  assert.equal(hosts[0]?.unlooked, undefined);
});

const again = "pulumi up --stack prod";
const forget =
  "pulumi state delete --stack prod urn:pulumi:prod::p::Command::routes-node-0";

test("a host that is not wanted any more is to be cleaned by an update, or let go of where it does not answer", async (t) => {
  const port = await complaining(t, "");
  const answering = await found(port, gone);
  const [host, absent] = answering.hosts;
  assert.deepEqual(
    host?.findings.map(({ kind, fix }) => [kind, fix]),
    [["removed", again]],
  );
  assert.deepEqual(
    absent?.findings.map(({ kind, subject, fix }) => [kind, subject, fix]),
    [["state", "node-1", again]],
  );
  const dead = await found(await closedPort(), gone);
  assert.equal(dead.hosts[0]?.unreachable, undefined);
  assert.deepEqual(
    dead.hosts[0]?.findings.map(({ kind, fix }) => [kind, fix]),
    [["removed", `${forget} && ${again}`]],
  );
  assert.deepEqual(dead.pings.left, []);
});

test("where a destroy did not end, hosts that are left are to be cleaned, and none is missing", async () => {
  const { hosts, pings } = await found(await closedPort(), here, "destroy");
  assert.deepEqual(pings.left, []);
  assert.deepEqual(
    hosts.map(({ node, findings }) => [node, findings.map((f) => f.fix)]),
    [["node-0", [`${forget} && pulumi destroy --stack prod`]]],
  );
});
