import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Family } from "../core/cidr.ts";
import type { Faults } from "../core/faults.ts";
import { integer, strict } from "../core/schema.ts";
import { secretText } from "../ssh/sshArgs.ts";

/** How packets travel from host to host. An option that is not given is left to flannel. Source: `Documentation/backends.md` of flannel v0.28.4. */
export interface BackendArgs {
  /** `vxlan` wraps packets in UDP, `wireguard` encrypts them too, `host-gw` makes routes and needs all hosts on one link. Default: `vxlan`. */
  type?: "vxlan" | "host-gw" | "wireguard";
  /** vxlan, wireguard: the MTU of the network below in bytes, of which the tunnel takes 50 or 80 off. Default: that of the interface. */
  mtu?: number;
  /** vxlan: the network identifier, 1 to 16777215. Default: `1`. */
  vni?: number;
  /** vxlan: the UDP port. Default: the kernel's, `8472`. */
  port?: number;
  /** vxlan: whether hosts on one link are routed to without a tunnel. Default: `false`. */
  directRouting?: boolean;
  /** vxlan: whether packets carry the kernel's Group Based Policy. Default: `false`. */
  gbp?: boolean;
  /** vxlan: whether the kernel learns addresses from packets. Default: `false`. */
  learning?: boolean;
  /** wireguard: a key that all hosts share, of `wg genpsk`, as a secret: `pulumi config set --secret --path flannel.backend.psk`. Default: none. */
  psk?: pulumi.Input<string>;
  /** wireguard: the UDP port. Default: `51820`. */
  listenPort?: number;
  /** wireguard: the UDP port of the tunnel of IPv6. Default: `51821`. */
  listenPortV6?: number;
  /** wireguard: seconds between two keep-alives, which keep a NAT open. Default: `0`, none. */
  keepaliveInterval?: number;
  /** wireguard: whether IPv4 and IPv6 have a tunnel each or one, and over which family that goes. Default: `separate`. */
  mode?: "separate" | "auto" | "ipv4" | "ipv6";
}

const port = integer(1, 65535);

/** The keys of {@link BackendArgs}. Flannel has the defaults of all but the type. */
export const backendSchema = strict({
  type: z.enum(["vxlan", "host-gw", "wireguard"]).default("vxlan"),
  mtu: integer(576, 65535).optional(),
  // a VNI has 24 bits (RFC 7348), and 0 is not a network of its own
  vni: integer(1, 2 ** 24 - 1).optional(),
  port: port.optional(),
  directRouting: z.boolean().optional(),
  gbp: z.boolean().optional(),
  learning: z.boolean().optional(),
  psk: secretText.optional(),
  listenPort: port.optional(),
  listenPortV6: port.optional(),
  keepaliveInterval: integer(0, 65535).optional(),
  mode: z.enum(["separate", "auto", "ipv4", "ipv6"]).optional(),
});

export type Backend = z.output<typeof backendSchema>;

/** The options of each backend, with their names in flannel's configuration (Documentation/backends.md, pkg/backend of v0.28.4). */
const optionsOf: Record<
  Backend["type"],
  Partial<Record<keyof Backend, string>>
> = {
  vxlan: {
    vni: "VNI",
    port: "Port",
    directRouting: "DirectRouting",
    gbp: "GBP",
    learning: "Learning",
    mtu: "MTU",
  },
  "host-gw": {},
  wireguard: {
    psk: "PSK",
    listenPort: "ListenPort",
    listenPortV6: "ListenPortV6",
    keepaliveInterval: "PersistentKeepaliveInterval",
    mode: "Mode",
    mtu: "MTU",
  },
};

/** The backend in flannel's net-conf.json. Options that are not given are undefined. */
export function backendConf(
  backend: Backend,
  psk: string | undefined,
): Record<string, unknown> {
  const values: Record<string, unknown> = { ...backend, psk };
  const options = Object.entries(optionsOf[backend.type]).map(([key, name]) => [
    name,
    values[key],
  ]);
  return { Type: backend.type, ...Object.fromEntries(options) };
}

/** The smallest MTU that carries IPv6 (RFC 8200), and the bytes of a packet that each backend uses itself. */
const ipv6Mtu = 1280;
const overhead = { vxlan: 50, wireguard: 80, "host-gw": 0 };

/** Checks the options of a backend against each other and against the address families. */
export function checkBackend(
  backend: Backend,
  families: ReadonlySet<Family>,
  path: string,
  faults: Faults,
): void {
  const { type, mtu, mode = "separate", psk } = backend;
  checkOptions(backend, path, faults);
  const least = ipv6Mtu + overhead[type];
  if (mtu !== undefined && families.has(6) && mtu < least) {
    faults.add(
      `${path}.mtu`,
      `${mtu} is too small for IPv6 in ${type}, expected ${least} or more`,
    );
  }
  if (type !== "wireguard") {
    return;
  }
  if (typeof psk === "string" && !isPsk(psk)) {
    faults.add(`${path}.psk`, pskProblem);
  }
  // the networks have faults themselves, so nothing can be said of the families
  if (families.size === 0) {
    return;
  }
  const peers = { ipv4: 4, ipv6: 6 } as const;
  const family = mode === "ipv4" || mode === "ipv6" ? peers[mode] : undefined;
  if (family !== undefined && !families.has(family)) {
    faults.add(
      `${path}.mode`,
      `"${mode}" needs an IPv${family} network, add one to flannel.network`,
    );
  }
  const hasTwoTunnels = families.has(6) && mode === "separate";
  if (backend.listenPortV6 !== undefined && !hasTwoTunnels) {
    faults.add(
      `${path}.listenPortV6`,
      `${backend.listenPortV6} has no use: only mode "separate" with an IPv6 network has a tunnel of IPv6`,
    );
  }
  const { listenPort = 51820, listenPortV6 = 51821 } = backend;
  if (hasTwoTunnels && families.has(4) && listenPort === listenPortV6) {
    faults.add(
      `${path}.listenPortV6`,
      `${listenPortV6} is also the port of the IPv4 tunnel, expected another`,
    );
  }
}

function checkOptions(backend: Backend, path: string, faults: Faults): void {
  const own = Object.keys(optionsOf[backend.type]);
  for (const [key, value] of Object.entries(backend)) {
    if (key !== "type" && value !== undefined && !own.includes(key)) {
      const others = Object.entries(optionsOf)
        .filter(([, options]) => Object.hasOwn(options, key))
        .map(([name]) => name);
      const has = own.length === 0 ? "it has none" : `it has ${own.join(", ")}`;
      faults.add(
        `${path}.${key}`,
        `is an option of ${others.join(" and ")}, not of ${backend.type}: ${has}`,
      );
    }
  }
}

/** Whether this is a pre-shared key of WireGuard, 32 bytes in base64. */
export function isPsk(text: string): boolean {
  return /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text);
}

/** The message for a key of another form. It does not quote the key. */
export const pskProblem =
  "is no pre-shared key of WireGuard, expected 32 bytes in base64: wg genpsk";
