import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import {
  backendConf,
  isPsk,
} from "../../../components/flannel/flannelBackend.ts";
import {
  bothNetworks,
  dualStack,
  flannelFaults,
  ipv6Only,
  planOf,
} from "./flannelSupport.ts";

/** 32 bytes of zeros, as `wg genpsk` would write them. */
const psk = `${"A".repeat(43)}=`;
const both = { network: bothNetworks };

for (const [what, flannel, cluster, faults] of [
  [
    "an unknown backend",
    { backend: { type: "udp" } },
    undefined,
    [
      'flannel.backend.type: "udp" is not allowed, expected "vxlan" or "host-gw" or "wireguard"',
    ],
  ],
  [
    "a misspelt option",
    { backend: { portt: 4789 } },
    undefined,
    [
      "flannel.backend.portt: is not a known key, did you mean port? Known keys: type, mtu, vni, port, directRouting, gbp, learning, psk, listenPort, listenPortV6, keepaliveInterval, mode",
    ],
  ],
  [
    "a VNI that is no network of its own",
    { backend: { vni: 0 } },
    undefined,
    ["flannel.backend.vni: 0 is not allowed: expected 1 to 16777215"],
  ],
  [
    "a VNI of more than 24 bits",
    { backend: { vni: 16777216 } },
    undefined,
    ["flannel.backend.vni: 16777216 is not allowed: expected 1 to 16777215"],
  ],
  [
    "a port out of range",
    { backend: { port: 65536 } },
    undefined,
    ["flannel.backend.port: 65536 is not allowed: expected 1 to 65535"],
  ],
  [
    "a port that is text",
    { backend: { port: "4789" } },
    undefined,
    ['flannel.backend.port: "4789" is not of type number'],
  ],
  [
    "an MTU that no network has",
    { backend: { mtu: 500 } },
    undefined,
    ["flannel.backend.mtu: 500 is not allowed: expected 576 to 65535"],
  ],
  [
    "options of two other backends",
    { backend: { type: "host-gw", vni: 1, psk, mtu: 1500 } },
    undefined,
    [
      "flannel.backend.mtu: is an option of vxlan and wireguard, not of host-gw: it has none",
      "flannel.backend.vni: is an option of vxlan, not of host-gw: it has none",
      "flannel.backend.psk: is an option of wireguard, not of host-gw: it has none",
    ],
  ],
  [
    "an option of wireguard for vxlan",
    { backend: { listenPort: 51820 } },
    undefined,
    [
      "flannel.backend.listenPort: is an option of wireguard, not of vxlan: it has vni, port, directRouting, gbp, learning, mtu",
    ],
  ],
  [
    "an option of vxlan for wireguard",
    { backend: { type: "wireguard", port: 51820 } },
    undefined,
    [
      "flannel.backend.port: is an option of vxlan, not of wireguard: it has psk, listenPort, listenPortV6, keepaliveInterval, mode, mtu",
    ],
  ],
  [
    "an MTU that leaves too little for IPv6 in vxlan",
    { ...both, backend: { mtu: 1329 } },
    dualStack,
    [
      "flannel.backend.mtu: 1329 is too small for IPv6 in vxlan, expected 1330 or more",
    ],
  ],
  [
    "an MTU that leaves too little for IPv6 in wireguard",
    { ...both, backend: { type: "wireguard", mtu: 1359 } },
    dualStack,
    [
      "flannel.backend.mtu: 1359 is too small for IPv6 in wireguard, expected 1360 or more",
    ],
  ],
  [
    "a tunnel over IPv6 that the overlay does not have",
    { backend: { type: "wireguard", mode: "ipv6" } },
    undefined,
    [
      'flannel.backend.mode: "ipv6" needs an IPv6 network, add one to flannel.network',
    ],
  ],
  [
    "a tunnel over IPv4 that the overlay does not have",
    { network: "fd00:244::/32", backend: { type: "wireguard", mode: "ipv4" } },
    ipv6Only,
    [
      'flannel.backend.mode: "ipv4" needs an IPv4 network, add one to flannel.network',
    ],
  ],
  [
    "a port of IPv6 without IPv6",
    { backend: { type: "wireguard", listenPortV6: 51821 } },
    undefined,
    [
      'flannel.backend.listenPortV6: 51821 has no use: only mode "separate" with an IPv6 network has a tunnel of IPv6',
    ],
  ],
  [
    "a port of IPv6 with one tunnel for both",
    {
      ...both,
      backend: { type: "wireguard", mode: "auto", listenPortV6: 51821 },
    },
    dualStack,
    [
      'flannel.backend.listenPortV6: 51821 has no use: only mode "separate" with an IPv6 network has a tunnel of IPv6',
    ],
  ],
  [
    "one port for two tunnels",
    { ...both, backend: { type: "wireguard", listenPortV6: 51820 } },
    dualStack,
    [
      "flannel.backend.listenPortV6: 51820 is also the port of the IPv4 tunnel, expected another",
    ],
  ],
  [
    "a port of IPv4 that is flannel's for IPv6",
    { ...both, backend: { type: "wireguard", listenPort: 51821 } },
    dualStack,
    [
      "flannel.backend.listenPortV6: 51821 is also the port of the IPv4 tunnel, expected another",
    ],
  ],
  [
    "an MTU, and nothing more, of a network with a fault of its own",
    {
      network: "fd00:244::1/32",
      backend: { type: "wireguard", mode: "ipv6", listenPortV6: 1 },
    },
    undefined,
    [
      'flannel.network: "fd00:244::1/32" has host bits set, the canonical form is fd00:244::/32',
    ],
  ],
] as const) {
  test(`${what} is a fault`, () => {
    assert.deepEqual(flannelFaults(flannel, cluster), faults);
  });
}

for (const [what, flannel, cluster] of [
  [
    "vxlan",
    {
      ...{ port: 4789, vni: 4096, directRouting: true, gbp: true },
      ...{ learning: false, mtu: 576 },
    },
    undefined,
  ],
  ["vxlan on dual stack", { mtu: 1330 }, dualStack],
  ["wireguard on dual stack", { type: "wireguard", mtu: 1360 }, dualStack],
  [
    "wireguard with a tunnel for both",
    { type: "wireguard", mode: "ipv6" },
    dualStack,
  ],
  ["host-gw on dual stack", { type: "host-gw" }, dualStack],
] as const) {
  test(`the options of ${what} are no fault`, () => {
    const network = cluster === undefined ? {} : both;
    assert.deepEqual(
      flannelFaults({ ...network, backend: flannel }, cluster),
      [],
    );
  });
}

test("every 32 bytes in base64 are a key, and a key is nothing else", () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(
      fc.oneof(bytes, fc.uint8Array({ minLength: 32, maxLength: 32 })),
      (key) => {
        const text = Buffer.from(key).toString("base64");
        assert.equal(isPsk(text), key.length === 32);
        assert.equal(isPsk(`${text}\n`), false);
      },
    ),
  );
});

for (const bad of [
  "",
  "hunter2",
  psk.slice(1),
  `${"A".repeat(42)}B=`,
  ` ${psk}`,
]) {
  test(`the pre-shared key ${JSON.stringify(bad)} is refused without being shown`, () => {
    assert.deepEqual(
      flannelFaults({ backend: { type: "wireguard", psk: bad } }),
      [
        "flannel.backend.psk: is no pre-shared key of WireGuard, expected 32 bytes in base64: wg genpsk",
      ],
    );
  });
}

test("a pre-shared key may be an output, whose value is not looked at", () => {
  const secret = pulumi.secret("not known yet");
  const { flannel } = planOf({ backend: { type: "wireguard", psk: secret } });
  assert.equal(flannel.backend.psk, secret);
});

test("each backend's options have flannel's own names, and what is not given is left to flannel", () => {
  assert.deepEqual(
    backendConf(
      {
        ...{ type: "vxlan", vni: 2, port: 4789, directRouting: true },
        ...{ gbp: false, learning: true, mtu: 1450 },
      },
      undefined,
    ),
    {
      ...{ Type: "vxlan", VNI: 2, Port: 4789, DirectRouting: true },
      ...{ GBP: false, Learning: true, MTU: 1450 },
    },
  );
  assert.deepEqual(
    backendConf(
      {
        ...{ type: "wireguard", psk: "a placeholder", listenPort: 1 },
        ...{ listenPortV6: 2, keepaliveInterval: 25, mode: "auto", mtu: 1400 },
      },
      psk,
    ),
    {
      ...{ Type: "wireguard", PSK: psk, ListenPort: 1, ListenPortV6: 2 },
      ...{ PersistentKeepaliveInterval: 25, Mode: "auto", MTU: 1400 },
    },
  );
  assert.deepEqual(backendConf({ type: "host-gw" }, undefined), {
    Type: "host-gw",
  });
});
