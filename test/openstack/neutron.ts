import { run } from "../../lab/exec.ts";
import { type OpenStack, startOpenStack } from "../../lab/openstack.ts";
import { OpenStackClient } from "../../lab/openstackClient.ts";

/** A route as Neutron tells it, of a subnet or of a router. */
export interface NeutronRoute {
  readonly destination: string;
  readonly nexthop: string;
}

interface PortOptions {
  readonly name?: string;
  /** Addresses and CIDRs that it may send from besides its own. */
  readonly allowedAddresses?: readonly string[];
  readonly portSecurity?: boolean;
}

/** A Neutron of a test's own, with what the test puts into it as an ordinary user. */
export class Neutron {
  private readonly cloud: OpenStack;
  private readonly client: OpenStackClient;

  private constructor(cloud: OpenStack, client: OpenStackClient) {
    this.cloud = cloud;
    this.client = client;
  }

  static async start(): Promise<Neutron> {
    const cloud = await startOpenStack();
    try {
      return new Neutron(cloud, await OpenStackClient.login(cloud.env));
    } catch (error) {
      await cloud.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.cloud.stop();
  }

  /** Environment for the engine and the `openstack` command, so that they use this Neutron and no cloud of the user's. */
  get env(): Record<string, string> {
    return { ...this.cloud.env };
  }

  killNeutron(): Promise<void> {
    return this.cloud.killNeutron();
  }

  startNeutron(): Promise<void> {
    return this.cloud.startNeutron();
  }

  killKeystone(): Promise<void> {
    return this.cloud.killKeystone();
  }

  startKeystone(): Promise<void> {
    return this.cloud.startKeystone();
  }

  /** Runs the `openstack` command and returns what it prints. */
  cli(...args: string[]): Promise<string> {
    // Debian's client, of the same release as the services
    const env = { ...process.env, ...this.env, PYTHONPATH: "" };
    return run("/usr/bin/openstack", args, { env });
  }

  network(name: string): Promise<string> {
    return this.make("network", { name });
  }

  /** A subnet with a gateway at its first address, unless another one or none is asked for. */
  async subnet(
    network: string,
    name: string,
    cidr: string,
    options: {
      tags?: readonly string[];
      gatewayIp?: string | null;
      enableDhcp?: boolean;
    } = {},
  ): Promise<string> {
    const { tags = [], gatewayIp, enableDhcp } = options;
    const subnet = await this.make("subnet", {
      network_id: network,
      name,
      cidr,
      ip_version: cidr.includes(":") ? 6 : 4,
      gateway_ip: gatewayIp,
      enable_dhcp: enableDhcp,
    });
    await this.tagSubnet(subnet, ...tags);
    return subnet;
  }

  /** A subnet for nodes, 10.240.0.0/24 in a network of its own, with a port for each, which may send from its pod CIDRs. */
  async subnetOf(
    name: string,
    nodes: readonly {
      name: string;
      internalIp: string;
      podCidrs: readonly string[];
    }[],
  ): Promise<string> {
    const network = await this.network(name);
    const subnet = await this.subnet(network, name, "10.240.0.0/24");
    for (const { name, internalIp, podCidrs } of nodes) {
      const options = { name, allowedAddresses: podCidrs };
      await this.port(network, subnet, internalIp, options);
    }
    return subnet;
  }

  /** Gives a subnet these tags in place of all it had. */
  async tagSubnet(subnet: string, ...tags: string[]): Promise<void> {
    await this.request("PUT", `subnets/${subnet}/tags`, { tags });
  }

  router(name: string): Promise<string> {
    return this.make("router", { name });
  }

  /** Connects a subnet to a router, which takes the subnet's gateway address. */
  async attach(router: string, subnet: string): Promise<void> {
    const path = `routers/${router}/add_router_interface`;
    await this.request("PUT", path, { subnet_id: subnet });
  }

  port(
    network: string,
    subnet: string,
    ip: string,
    options: PortOptions = {},
  ): Promise<string> {
    return this.make("port", {
      network_id: network,
      fixed_ips: [{ subnet_id: subnet, ip_address: ip }],
      ...portProperties(options),
    });
  }

  async updatePort(port: string, options: PortOptions): Promise<void> {
    const properties = portProperties(options);
    await this.request("PUT", `ports/${port}`, { port: properties });
  }

  async deletePort(port: string): Promise<void> {
    await this.request("DELETE", `ports/${port}`);
  }

  /** The host routes of a subnet, sorted by destination. */
  async hostRoutes(subnet: string): Promise<NeutronRoute[]> {
    const { subnet: found } = await this.request<{
      subnet: { host_routes: NeutronRoute[] };
    }>("GET", `subnets/${subnet}`);
    return sorted(found.host_routes);
  }

  async setHostRoutes(
    subnet: string,
    host_routes: readonly NeutronRoute[],
  ): Promise<void> {
    const path = `subnets/${subnet}`;
    await this.request("PUT", path, { subnet: { host_routes } });
  }

  /** The routes of a router, sorted by destination. */
  async routerRoutes(router: string): Promise<NeutronRoute[]> {
    const { router: found } = await this.request<{
      router: { routes: NeutronRoute[] };
    }>("GET", `routers/${router}`);
    return sorted(found.routes);
  }

  async setRouterRoutes(
    router: string,
    routes: readonly NeutronRoute[],
  ): Promise<void> {
    await this.request("PUT", `routers/${router}`, { router: { routes } });
  }

  /** Asks Neutron for what this class has no method for, and returns the answer, whatever it is. */
  send(
    method: string,
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<Response> {
    return this.client.send(method, this.url(path), body, headers);
  }

  private async make(kind: string, properties: object): Promise<string> {
    const made = await this.request<Record<string, { id: string }>>(
      "POST",
      `${kind}s`,
      { [kind]: properties },
    );
    return made[kind]?.id ?? "";
  }

  private request<T>(method: string, path: string, body?: object): Promise<T> {
    return this.client.request(method, this.url(path), body);
  }

  /** The URL of Neutron. */
  get endpoint(): string {
    return this.client.endpoint("network");
  }

  private url(path: string): string {
    return `${this.endpoint}/v2.0/${path}`;
  }
}

function portProperties({ name, allowedAddresses, portSecurity }: PortOptions) {
  return {
    name,
    port_security_enabled: portSecurity,
    allowed_address_pairs: allowedAddresses?.map((ip_address) => ({
      ip_address,
    })),
    // Neutron switches it off only where there is nothing left to secure
    ...(portSecurity === false && {
      security_groups: [],
      allowed_address_pairs: [],
    }),
  };
}

function sorted(routes: readonly NeutronRoute[]): NeutronRoute[] {
  return [...routes].sort((a, b) =>
    a.destination.localeCompare(b.destination, "en", { numeric: true }),
  );
}
