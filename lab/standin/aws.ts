// A stand-in for the `aws` resource plugin 7.48.0, for machines that can neither find nor download the
// official one. It drives an EC2 API that is not AWS: moto, which lab/moto.ts starts. It serves this and
// nothing else:
// - the resource `aws:ec2/route:Route` (awsRoute.ts): check, diff, create, read, update, delete, import;
// - the functions getRouteTables, getRouteTable, getVpc, getInstances, getInstance,
//   getNetworkInterfaces and getNetworkInterface of `aws:ec2` (awsFunctions.ts).
//
// Where the rules come from:
// - Names of inputs and outputs, and what is an output only: Pulumi's schema of the package, as in the
//   type declarations of @pulumi/aws 7.48.0.
// - What is replaced and what is updated, exactly one destination and one target, the forms of an
//   address block, looking for the route before it is made, a deleted route that was gone already, ids,
//   `ROUTETABLEID_DESTINATION` for an import, and the words of errors: Terraform's resource `aws_route`,
//   which the official plugin wraps.
// - What each function finds, where none is an error, and which routes of a table it leaves out:
//   Terraform's data sources of the same names.
// - A route is `blackhole` when what it leads to is not there or does not run; an instance's
//   source/destination check is that of its primary interface: the VPC and EC2 user guides.
// - Missing credentials: the words of the official plugin.
//
// moto answers less than EC2, and the stand-in fills it in, so that what is tested against it is what
// EC2 would say; each place says so. These are: InstanceId and NetworkInterfaceId of a route, of which
// moto has the one it was given; the route's state; the source/destination check; filters of
// interfaces; the addresses of a terminated instance; the spelling of a VPC's IPv6 block.
//
// The official plugin is different in this:
// - It reads the stack's configuration (`aws:region`, `aws:profile`, ...). @pulumi/pulumi/provider does
//   not hand that over: here the environment decides (AWS_REGION, AWS_ENDPOINT_URL_EC2,
//   AWS_ACCESS_KEY_ID, ..., which the official plugin reads as well), and the shared configuration files.
// - It asks the instance metadata service and containers for credentials. Here nothing but the endpoint
//   is asked, except what a profile in the shared configuration calls for.
// - It says that credentials are missing when the provider is configured, here it is said by the first
//   resource or function. Likewise for the region.
// - It works with AWS. Here an endpoint has to be set.
// - It waits for a new or changed route to be seen by all of EC2, and repeats calls that fail for a
//   while. Here the route is read once.
// - A preview knows computed outputs as unknown, and `preview --diff` shows of a changed resource what
//   has changed. Here the engine makes up both from the inputs.
// - A refresh keeps the inputs that the program gave. Here they are what the route is like now.
// - getInstance also looks up the block devices, the credit, enclave, maintenance and metadata options,
//   the protection from stopping and terminating, the user data and the password. Here these are empty.
// - getRouteTable leaves out routes to interfaces of other accounts, of which moto has none.
import { Ec2 } from "./awsEc2.ts";
import { invoke } from "./awsFunctions.ts";
import * as route from "./awsRoute.ts";
import { bare, checkType, type Properties, secret, serve } from "./wire.ts";

const connections = new Map<string, Promise<Ec2>>();

serve({
  version: "7.48.0",

  async check(urn, _olds, news) {
    await ec2For(urn, news);
    return { inputs: news, failures: route.check(bare(news)) };
  },

  async diff(_id, _urn, olds, news) {
    return route.diff(bare(olds), bare(news));
  },

  async create(urn, news) {
    const ec2 = await ec2For(urn, news);
    const outs = await route.create(ec2, bare(news));
    return { id: route.idOf(bare(news)), outs: asSecret(outs, news) };
  },

  async read(id, urn, state = {}) {
    const ec2 = await ec2For(urn, state);
    const found = await route.read(ec2, id, bare(state));
    return {
      id: found.id,
      props: asSecret(found.props, state),
      inputs: asSecret(found.inputs, state),
    };
  },

  async update(_id, urn, _olds, news) {
    const ec2 = await ec2For(urn, news);
    return { outs: asSecret(await route.update(ec2, bare(news)), news) };
  },

  async delete(_id, urn, state) {
    await route.remove(await ec2For(urn, state), bare(state));
  },

  async invoke(token, args) {
    const given = bare(args);
    return { outputs: await invoke(await connect(given), token, given) };
  },
});

async function ec2For(urn: string, properties: Properties): Promise<Ec2> {
  checkType(urn, "aws:ec2/route:Route");
  return connect(bare(properties));
}

/** A resource and a function may name a region of their own. */
function connect({ region }: Properties): Promise<Ec2> {
  const key = String(region ?? "");
  const connection = connections.get(key) ?? Ec2.connect(key);
  connections.set(key, connection);
  return connection;
}

/** Properties, with those secret that are secret where they come from. */
function asSecret(properties: Properties, source: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [
      key,
      typeof source[key] === "object" && source[key] !== null
        ? secret(value)
        : value,
    ]),
  );
}
