import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { awsArgsSchema } from "../../../components/aws/awsArgs.ts";
import { lookUp as lookUpAws } from "../../../components/aws/awsLookup.ts";
import { planAws } from "../../../components/aws/awsPlan.ts";
import { AwsPodRoutes } from "../../../components/aws/awsPodRoutes.ts";
import { readCloudArgs } from "../../../components/cloud/cloudArgs.ts";
import type { CloudRoutes } from "../../../components/cloud/cloudRoutes.ts";
import { Faults } from "../../../components/core/faults.ts";
import { gcpArgsSchema } from "../../../components/gcp/gcpArgs.ts";
import { lookUp as lookUpGcp } from "../../../components/gcp/gcpLookup.ts";
import { planGcp } from "../../../components/gcp/gcpPlan.ts";
import {
  diagram,
  routeTableText,
} from "../../../components/inventory/renderedTable.ts";
import { openStackArgsSchema } from "../../../components/openstack/openStackArgs.ts";
import { lookUp as lookUpOpenStack } from "../../../components/openstack/openStackLookup.ts";
import { planOpenStack } from "../../../components/openstack/openStackPlan.ts";
import { readme } from "../../../program/readme.ts";
import { fakeEc2 } from "../aws/fakeEc2.ts";
import { record } from "../mockedStack.ts";
import { commandsOf, wordsOf } from "../shellWords.ts";
import {
  openStackScope,
  programError,
  recordCloud,
  textsOf,
} from "./cloudStack.ts";
import { hostileTexts, lyingServer } from "./lyingHttpServer.ts";

/** Texts that a field of an answer is made of, one after the other. */
const texts = [
  ...hostileTexts.filter(({ length }) => length < 1000),
  "x".repeat(1000),
  "",
  "-rf",
  "x' 'reboot",
  "../../x",
  "https://evil.example/x",
  "10.200.0.0/24 via 10.0.0.1",
  "10.200.0.0/24\n10.200.0.0/24",
  "10.200.0.0/24,".repeat(1000),
];

/** Values of other types in place of a text. */
const others = [null, 7, ["x"]];

/** The same JSON with another value in one place, for every place that has a text. */
function* variants(
  json: unknown,
  values: readonly unknown[] = [...texts, ...others],
): Generator<unknown> {
  if (typeof json === "string") {
    yield* values;
  } else if (Array.isArray(json)) {
    for (const [i, item] of json.entries()) {
      for (const other of variants(item, values)) {
        yield [...json.slice(0, i), other, ...json.slice(i + 1)];
      }
    }
  } else if (typeof json === "object" && json !== null) {
    for (const [key, item] of Object.entries(json)) {
      for (const other of variants(item, values)) {
        yield { ...json, [key]: other };
      }
    }
  }
}

const route = String.raw`r\d+\(\["[0-9a-f.:]+/\d+"\]\) -->\|"via [0-9a-f.:]+"\| n\d+\["[a-z0-9.-]+"\]`;

/** Whatever a cloud answers, only the expected lines are printed. */
function isHonest(
  plan: CloudRoutes,
  faults: Faults,
  row: RegExp,
  commands: Set<string>,
): void {
  for (const message of [...textsOf(faults), ...plan.warnings]) {
    assert.match(message, /^[ -~]*$/);
    assert.ok(!message.includes("<{%"), message);
    assert.ok(message.length < 3000, `${message.length} characters`);
    for (const command of commandsOf(message)) {
      commands.add(command);
    }
  }
  for (const line of plan.text.split("\n")) {
    assert.match(line, row);
  }
  for (const { holder, real } of plan.tables) {
    for (const text of [
      holder,
      ...real.flatMap((one) => [one.destination, one.nextHop, one.text]),
    ]) {
      assert.match(text, /^[ -~]{0,500}$/);
      assert.ok(!text.includes("<{%"));
    }
  }
  const { routeTable } = plan;
  for (const line of diagram(routeTable).split("\n")) {
    assert.match(line, new RegExp(`^(flowchart LR|  ${route})$`));
  }
  const [, table = ""] =
    /\| --- \| --- \| --- \|\n(.*?)\n\n/s.exec(readme(routeTable, "s", "l")) ??
    [];
  for (const line of table.split("\n")) {
    assert.match(
      line,
      /^(\| `[0-9a-f.:]+\/\d+` \| `[0-9a-f.:]+` \| [a-z0-9.-]+ \|)?$/,
    );
  }
  for (const line of routeTableText(routeTable).split("\n")) {
    assert.match(line, /^([0-9a-f.:]+\/\d+ +via [0-9a-f.:]+ +# [a-z0-9.-]+)?$/);
  }
}

/** A shell reads each command as one command, whatever is in its words. */
function areCommands(commands: ReadonlySet<string>): void {
  const all = [...commands];
  const words = wordsOf(all);
  const stages = all.flatMap((command) => command.split(" && "));
  assert.equal(words.length, stages.length);
}

/** The error of a request whose answer has another form. */
function isPlainError(error: unknown): void {
  assert.ok(error instanceof Error);
  assert.match(error.message, /^[ -~]*: the answer is not [ -~]*$/);
  assert.ok(error.message.length < 1500);
}

/** Whatever the cloud answers, the plan is honest, or an error says what is wrong with the answer. */
async function areHonest<Found>(
  answers: Iterable<unknown>,
  serve: (answer: unknown) => unknown,
  lookUp: (faults: Faults) => Promise<Found>,
  plan: (found: Found, faults: Faults) => CloudRoutes,
  row: RegExp,
): Promise<void> {
  const commands = new Set<string>();
  let planned = 0;
  for (const answer of answers) {
    await serve(answer);
    const faults = new Faults();
    const found = await lookUp(faults).catch(isPlainError);
    if (found !== undefined) {
      planned++;
      isHonest(plan(found as Found, faults), faults, row, commands);
    }
  }
  assert.ok(planned > 20);
  assert.ok(commands.size > 0);
  areCommands(commands);
}

const neutronAnswers = {
  subnets: [
    {
      id: "subnet-1",
      name: "kubernetes",
      network_id: "net-1",
      cidr: "10.240.0.0/24",
      ip_version: 4,
      host_routes: [{ destination: "10.200.0.0/24", nexthop: "10.240.0.9" }],
    },
  ],
  routers: [
    {
      id: "router-1",
      name: "kube",
      routes: [{ destination: "10.200.0.0/24", nexthop: "10.240.0.9" }],
    },
  ],
  ports: [[{ ip_address: "10.200.0.0/24" }], []].map((pairs, i) => ({
    id: `port-${i}`,
    name: `worker-${i}`,
    device_id: `vm-${i}`,
    device_owner: "compute:nova",
    status: "ACTIVE",
    fixed_ips: [{ subnet_id: "subnet-1", ip_address: `10.240.0.2${i}` }],
    allowed_address_pairs: pairs,
  })),
};

/** A server at one endpoint, whose answers a test can change. */
async function serving(t: TestContext) {
  const now = { answers: {} as Record<string, unknown> };
  const { url } = await lyingServer(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    const path = pathname.replace(/^\/(v2\.0|compute\/v1)\//, "");
    const answer = now.answers[path];
    const isById = searchParams.has("id");
    response.writeHead(answer === undefined ? 404 : 200);
    response.end(JSON.stringify(isById ? { [path]: [] } : answer));
  });
  return { url, now };
}

for (const mode of ["subnet", "router"] as const) {
  test(`whatever Neutron answers, nothing that is printed is forged, in mode ${mode}`, async (t) => {
    const { url, now } = await serving(t);
    await record("", "organization", false, () => openStackScope(url));
    const args = readCloudArgs(openStackArgsSchema, {
      instances: { names: ["*"] },
      mode,
      ...(mode === "router" && { router: "kube" }),
    });
    await areHonest(
      [neutronAnswers, ...variants(neutronAnswers)],
      (variant) => {
        now.answers = Object.fromEntries(
          Object.entries(variant as object).map(([key, all]) => [
            key,
            { [key]: all },
          ]),
        );
      },
      (faults) => lookUpOpenStack(args, faults, {}),
      (found, faults) => planOpenStack(args, found, new Map(), faults),
      /^(\| \w* +\| destination='[0-9a-f.:/]+', gateway='[0-9a-f.:]+' +\|)?$/,
    );
  });
}

const project = "projects/p-1";
const compute = `https://www.googleapis.com/compute/v1/${project}`;
const network = `${compute}/global/networks/kube`;
const computeAnswers = {
  [`${project}/global/networks/kube`]: { selfLink: network },
  [`${project}/aggregated/subnetworks`]: {
    items: {
      "regions/us-west1": {
        subnetworks: [
          {
            network,
            ipCidrRange: "10.240.0.0/24",
            secondaryIpRanges: [{ ipCidrRange: "10.100.0.0/16" }],
          },
        ],
      },
    },
  },
  [`${project}/global/routes`]: {
    items: [
      {
        name: "theirs",
        network,
        destRange: "10.200.0.0/24",
        priority: 1000,
        nextHopIp: "10.240.0.9",
        description: "x",
      },
      {
        name: "default",
        network,
        destRange: "0.0.0.0/0",
        priority: 1000,
        nextHopGateway: `${compute}/global/gateways/default-internet-gateway`,
      },
    ],
  },
  [`${project}/aggregated/instances`]: {
    items: {
      "zones/us-west1-c": {
        instances: ["worker-0", "worker-1"].map((name, i) => ({
          name,
          status: i === 0 ? "RUNNING" : "TERMINATED",
          zone: `${compute}/zones/us-west1-c`,
          selfLink: `${compute}/zones/us-west1-c/instances/${name}`,
          networkInterfaces: [{ network, networkIP: `10.240.0.2${i}` }],
          metadata: { items: [{ key: "pod-cidr", value: "10.200.0.0/24" }] },
        })),
      },
    },
  },
};

test("whatever GCP's API answers, nothing that is printed is forged", async (t) => {
  const { url, now } = await serving(t);
  process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT = `${url}/compute/v1/`;
  await record("", "organization", false, () => ({
    accessToken: "token",
    project: "p-1",
  }));
  const args = readCloudArgs(gcpArgsSchema, {
    instances: { names: ["*"] },
    network: "kube",
  });
  await areHonest(
    [computeAnswers, ...variants(computeAnswers)],
    (variant) => {
      now.answers = variant as Record<string, unknown>;
    },
    (faults) => lookUpGcp(args, faults, {}),
    (found, faults) => planGcp(args, found, new Map(), faults),
    /^(NAME +NETWORK +DEST_RANGE +NEXT_HOP +PRIORITY|[a-z][a-z0-9-]* +[\w.-]* +[0-9a-f.:]+\/\d+ +[\w.:/~%+-]* *\d+)$/,
  );
});

test("whatever AWS answers, nothing that is printed is forged", async () => {
  const account = {
    instances: [0, 1].map((i) => ({
      id: `i-${i}`,
      eni: `eni-${i}`,
      ip: `172.20.1.2${i}`,
      tags: { Name: `worker-${i}`, pod_cidr: `172.22.${i}.0/24` },
      state: i === 0 ? "running" : "stopped",
      sourceDestCheck: true,
    })),
    tables: [
      {
        id: "rtb-1",
        vpcId: "vpc-1",
        tags: { Name: "kubernetes" },
        routes: [
          { cidrBlock: "172.22.0.0/24", networkInterfaceId: "eni-9" },
          { cidrBlock: "172.22.9.0/24", networkInterfaceId: "eni-9" },
          { cidrBlock: "0.0.0.0/0", gatewayId: "igw-1" },
        ],
      },
    ],
    blocks: ["172.20.0.0/16"],
  };
  const args = readCloudArgs(awsArgsSchema, {
    instances: { names: ["*"] },
    routeTables: { ids: ["rtb-1"] },
  });
  await areHonest(
    [account, ...variants(account, texts)],
    (variant) =>
      record("", "organization", false, fakeEc2(variant as typeof account)),
    (faults) => lookUpAws(args, faults, {}),
    (found, faults) => planAws(args, found, new Map(), faults),
    /^(DestinationCidrBlock +InstanceId +GatewayId|-+ -+ +-+|([0-9a-f.:]+\/\d+| {20})( +i-[0-9a-f]+)?( +[!-~][ -~]*)?)?$/,
  );
});

test("what a provider says to a question that it refuses is one line of the error that ends the program", async (t) => {
  for (const details of hostileTexts) {
    await recordCloud(() => {
      // what gRPC makes of a provider's error
      throw Object.assign(new Error(details), { details });
    });
    const instances = { names: ["worker-0"] };
    const message = await programError(
      t,
      () => new AwsPodRoutes("routes", { instances }),
    );
    const [first, said, advice, ...more] = message.split("\n");
    assert.match(first ?? "", /^AWS could not be asked/);
    assert.match(said ?? "", /^ {2}- [ -~]{1,2100}$/);
    assert.ok(!message.includes("<{%"));
    assert.match(advice ?? "", /: aws sts get-caller-identity$/);
    assert.deepEqual(more, []);
  }
});
