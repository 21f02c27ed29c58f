import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "../../../components/cloud/cloudArgs.ts";
import { Faults } from "../../../components/core/faults.ts";
import { gcpArgsSchema } from "../../../components/gcp/gcpArgs.ts";
import { lookUp } from "../../../components/gcp/gcpLookup.ts";
import { planGcp } from "../../../components/gcp/gcpPlan.ts";
import { GcpPodRoutes } from "../../../components/gcp/gcpPodRoutes.ts";
import { gcp } from "../../../components/gcp/gcpTarget.ts";
import { declare } from "../../../program/declareTargets.ts";
import {
  ComputeApi,
  type InstanceSettings,
} from "../../clouds/computeApiServer.ts";
import { programError, recordCloud } from "../cloud/cloudStack.ts";
import { directory, file, record, value } from "../mockedStack.ts";
import { commandsOf, wordsOf } from "../shellWords.ts";

// gcloud cannot be had as a package, so a shell takes these commands apart, and each word is compared.

const network = "kubernetes-the-hard-way";
const zone = "us-west1-c";

let api: ComputeApi;

/** Starts an API that has the network. */
async function start(): Promise<void> {
  api = await ComputeApi.start();
  process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT = api.endpoint;
  const subnet = { name: "kubernetes", region: "us-west1" };
  api.network(network, { subnets: [{ ...subnet, range: "10.240.0.0/24" }] });
}

function worker(i: number, more: Partial<InstanceSettings> = {}): void {
  api.instance({
    name: `worker-${i}`,
    zone,
    network,
    ip: `10.240.0.2${i}`,
    podCidr: `10.200.${i}.0/24`,
    ...more,
  });
}

before(async () => {
  await start();
  worker(0, { canIpForward: false });
  worker(1, { status: "TERMINATED" });
  const { podCidr: _, ...bare } = { podCidr: "", name: "worker-2", zone };
  api.instance({ ...bare, network, ip: "10.240.0.22" });
  api.route({
    name: "theirs",
    network,
    destRange: "10.200.0.0/24",
    priority: 1000,
    nextHopIp: "10.240.0.9",
  });
});
after(() => api.stop());

const answers = () => ({ accessToken: api.token, project: api.project });

/** The commands that are printed of the workers and the route. */
async function printed(): Promise<string[]> {
  await record("", "organization", false, answers);
  const args = { instances: { names: ["worker-*"] }, network };
  const read = readCloudArgs(gcpArgsSchema, args);
  const faults = new Faults();
  const found = await lookUp(read, faults, {});
  planGcp(read, found, new Map(), faults);
  return faults.all.flatMap(({ message }) => commandsOf(message));
}

test("every command of gcloud that a fault prints has the words that it is to have", async () => {
  const words = wordsOf(await printed());
  for (const expected of [
    `instances start worker-1 --zone ${zone}`,
    `instances add-metadata worker-2 --zone ${zone} --metadata pod-cidr=CIDR`,
    `instances export worker-0 --zone ${zone} --destination worker-0.yaml`,
    `instances update-from-file worker-0 --zone ${zone} --source worker-0.yaml --most-disruptive-allowed-action RESTART`,
    `routes delete theirs --project ${api.project}`,
  ]) {
    const wanted = ["gcloud", "compute", ...expected.split(" ")];
    assert.ok(
      words.some((one) => isDeepStrictEqual(one, wanted)),
      `${expected} is none of\n${words.join("\n")}`,
    );
  }
});

test("the command that lets an instance forward changes that line of its file and no other", async () => {
  const [command = ""] = (await printed()).filter((one) =>
    one.includes("sed -i"),
  );
  for (const before of [
    "canIpForward: false\nname: worker-0\n",
    "name: worker-0\ndisks:\n- canIpForward: x\n",
  ]) {
    const path = file("worker-0.yaml", before);
    execFileSync("/bin/sh", ["-c", `gcloud() { :; }\n${command}`], {
      cwd: directory,
    });
    assert.equal(
      readFileSync(path, "utf8"),
      `canIpForward: true\n${before.replace(/^canIpForward.*\n/m, "")}`,
    );
  }
});

test("the command that shows which credentials are in use at GCP is one of gcloud", async (t) => {
  await recordCloud(() => {
    throw new Error("no credentials");
  });
  const message = await programError(
    t,
    () => new GcpPodRoutes("routes", { instances: { names: ["*"] }, network }),
  );
  assert.deepEqual(wordsOf(commandsOf(message)), [["gcloud", "auth", "list"]]);
});

test("the command of the readme lists the routes of the network", async () => {
  await api.stop();
  await start();
  worker(0);
  await record("", "organization", true, ({ token }) =>
    token === "pulumi:pulumi:readStackResourceOutputs"
      ? { outputs: {} }
      : answers(),
  );
  const declared = await declare(gcp, {
    instances: { names: ["w*"] },
    network,
  });
  const page = await value(declared.readme as pulumi.Output<string>);
  await pulumi.runtime.disconnect();
  const [look = ""] = page.match(/^gcloud .*$/m) ?? [];
  const list = `gcloud compute routes list --project ${api.project} --filter`;
  assert.deepEqual(wordsOf([look]), [
    [...list.split(" "), `network: ${network}`],
  ]);
});
