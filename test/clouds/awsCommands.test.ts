import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTagsCommand,
} from "@aws-sdk/client-ec2";
import * as pulumi from "@pulumi/pulumi";
import { awsArgsSchema } from "../../components/aws/awsArgs.ts";
import { lookUp } from "../../components/aws/awsLookup.ts";
import { planAws } from "../../components/aws/awsPlan.ts";
import { AwsPodRoutes } from "../../components/aws/awsPodRoutes.ts";
import { aws as awsTarget } from "../../components/aws/awsTarget.ts";
import { readCloudArgs } from "../../components/cloud/cloudArgs.ts";
import { Faults } from "../../components/core/faults.ts";
import { declare } from "../../program/declareTargets.ts";
import { type FakeAccount, fakeEc2 } from "../unit/aws/fakeEc2.ts";
import { programError, recordCloud } from "../unit/cloud/cloudStack.ts";
import { record, value } from "../unit/mockedStack.ts";
import { commandsOf } from "../unit/shellWords.ts";
import { type AwsCli, awsCli } from "./awsCli.ts";
import { Ec2 } from "./ec2.ts";

describe("every command of the AWS CLI that is printed does what the message says", () => {
  let ec2: Ec2;
  let aws: AwsCli;
  let table: string;
  let worker: { instanceId: string; networkInterfaceId: string };
  let other: { instanceId: string; networkInterfaceId: string };

  before(async () => {
    ec2 = await Ec2.start();
    aws = await awsCli(ec2);
    const vpc = await ec2.vpc({ cidr: "172.20.0.0/16", ipv6: true });
    const subnet = await ec2.subnet(vpc, "172.20.1.0/24");
    table = await ec2.routeTable(vpc);
    worker = await ec2.instance({
      subnet,
      name: "worker-0",
      ip: "172.20.1.20",
    });
    other = await ec2.instance({ subnet, name: "other", ip: "172.20.1.9" });
  });
  after(async () => {
    aws?.remove();
    await ec2?.stop();
  });

  /** The commands that are printed where AWS has this, a worker with the ids that it has in moto. */
  async function printed(
    instance: Partial<NonNullable<FakeAccount["instances"]>[number]> = {},
    routes: NonNullable<FakeAccount["tables"]>[number]["routes"] = [],
    args: object = {},
  ): Promise<string[]> {
    const ask = fakeEc2({
      instances: [
        {
          id: worker.instanceId,
          eni: worker.networkInterfaceId,
          ip: "172.20.1.20",
          ipv6: "fd00:20::20",
          tags: {
            Name: "worker-0",
            pod_cidr: "172.22.0.0/24,fd00:22::/64",
          },
          ...instance,
        },
      ],
      tables: [{ id: table, routes }],
    });
    await record("", "organization", false, ask);
    const read = readCloudArgs(awsArgsSchema, {
      instances: { names: ["worker-0"] },
      routeTables: { ids: [table] },
      ...args,
    });
    const faults = new Faults();
    const found = await lookUp(read, faults, {});
    const plan = planAws(read, found, new Map(), faults);
    return [...faults.all.map(({ message }) => message), ...plan.warnings]
      .flatMap(commandsOf)
      .filter((command) => command.startsWith("aws "));
  }

  /** Runs the only one of these commands that begins so, as it stands but for what the user has to fill in. */
  async function runs(
    commands: readonly string[],
    beginning: string,
    cidr = "172.22.7.0/24",
  ): Promise<string> {
    const [command = "", ...more] = commands.filter((one) =>
      one.startsWith(beginning),
    );
    assert.deepEqual(more, []);
    return aws.shell(command.replace("CIDR", cidr));
  }

  const destinations = async () =>
    Object.fromEntries(
      (await ec2.routes(table)).map((route) => [
        route.destination,
        route.networkInterfaceId,
      ]),
    );

  it("shows which credentials are in use", async (t) => {
    await recordCloud(() => {
      throw new Error("no credentials");
    });
    const instances = { names: ["worker-0"] };
    const message = await programError(
      t,
      () => new AwsPodRoutes("routes", { instances }),
    );
    assert.match(await runs(commandsOf(message), "aws sts"), /"Account"/);
  });

  it("starts an instance", async () => {
    await ec2.stopInstance(worker.instanceId);
    await runs(await printed({ state: "stopped" }), "aws ec2 start-instances");
    const { Reservations } = await ec2.client.send(
      new DescribeInstancesCommand({ InstanceIds: [worker.instanceId] }),
    );
    const state = Reservations?.[0]?.Instances?.[0]?.State?.Name;
    assert.ok(state === "pending" || state === "running", state);
  });

  for (const podCidrTag of ["pod_cidr", `a b,c="d"\u00e9'$(id)\u{1f600}`]) {
    it(`gives an instance the tag ${podCidrTag}`, async () => {
      const commands = await printed({ tags: { Name: "worker-0" } }, [], {
        instances: { names: ["worker-0"], podCidrTag },
      });
      await runs(commands, "aws ec2 create-tags");
      const { Tags } = await ec2.client.send(
        new DescribeTagsCommand({
          Filters: [{ Name: "resource-id", Values: [worker.instanceId] }],
        }),
      );
      const tag = Tags?.find(({ Key }) => Key === podCidrTag);
      assert.equal(tag?.Value, "172.22.7.0/24");
    });
  }

  it("switches the source/destination check off", async () => {
    const { instanceId, networkInterfaceId } = worker;
    await ec2.setSourceDestCheck(instanceId, networkInterfaceId, true);
    const commands = await printed({ sourceDestCheck: true });
    await runs(commands, "aws ec2 modify-network-interface-attribute");
    const { NetworkInterfaces } = await ec2.client.send(
      new DescribeNetworkInterfacesCommand({
        NetworkInterfaceIds: [networkInterfaceId],
      }),
    );
    assert.equal(NetworkInterfaces?.[0]?.SourceDestCheck, false);
  });

  for (const [destination, key] of [
    ["172.22.0.0/24", "cidrBlock"],
    ["fd00:22::/64", "ipv6CidrBlock"],
  ] as const) {
    it(`corrects the route to ${destination}, or removes it`, async () => {
      const { networkInterfaceId } = other;
      await ec2.route(table, destination, { networkInterfaceId });
      const commands = await printed({}, [
        { [key]: destination, networkInterfaceId },
      ]);
      await runs(commands, "aws ec2 replace-route");
      assert.equal(
        (await destinations())[destination],
        worker.networkInterfaceId,
      );
      await runs(commands, "aws ec2 delete-route");
      assert.ok(!Object.hasOwn(await destinations(), destination));
    });
  }

  it("removes a route that leads nowhere", async () => {
    const destination = "172.22.9.0/24";
    const { networkInterfaceId } = other;
    await ec2.route(table, destination, { networkInterfaceId });
    const commands = await printed({}, [
      { cidrBlock: destination, networkInterfaceId: "eni-0dead" },
    ]);
    await runs(commands, "aws ec2 delete-route");
    assert.ok(!Object.hasOwn(await destinations(), destination));
  });

  it("shows the route tables, as the readme of the stack says", async () => {
    const ask = fakeEc2({
      instances: [
        {
          id: worker.instanceId,
          eni: worker.networkInterfaceId,
          ip: "172.20.1.20",
          tags: { Name: "w", pod_cidr: "172.22.0.0/24" },
        },
      ],
      tables: [{ id: table }],
    });
    await record("", "organization", true, (asked) =>
      asked.token === "pulumi:pulumi:readStackResourceOutputs"
        ? { outputs: {} }
        : ask(asked),
    );
    const declared = await declare(awsTarget, {
      instances: { names: ["w"] },
      routeTables: { ids: [table] },
    });
    const page = await value(declared.readme as pulumi.Output<string>);
    await pulumi.runtime.disconnect();
    const [look = ""] = page.match(/^aws .*$/m) ?? [];
    assert.match(await aws.shell(look), new RegExp(`"${table}"`));
  });
});
