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
  testFaults,
  withFlannel,
} from "./flannelSupport.ts";

/** 32 zero bytes in the form of `wg genpsk`. */
const psk = `${"A".repeat(43)}=`;
const both = { network: bothNetworks };

testFaults([
  [
    "an unknown backend",
    withFlannel({ backend: { type: "udp" } }),
    'flannel.backend.type: "udp" is not allowed, expected "vxlan" or "host-gw" or "wireguard"',
  ],
  [
    "a misspelt option",
    withFlannel({ backend: { portt: 4789 } }),
    "flannel.backend.portt: is not a known key, did you mean port? Known keys: type, mtu, vni, port, directRouting, gbp, learning, psk, listenPort, listenPortV6, keepaliveInterval, mode",
  ],
  [
    "a VNI that is no network of its own",
    withFlannel({ backend: { vni: 0 } }),
    "flannel.backend.vni: 0 is not allowed: expected 1 to 16777215",
  ],
  [
    "a VNI of more than 24 bits",
    withFlannel({ backend: { vni: 16777216 } }),
    "flannel.backend.vni: 16777216 is not allowed: expected 1 to 16777215",
  ],
  [
    "a port out of range",
    withFlannel({ backend: { port: 65536 } }),
    "flannel.backend.port: 65536 is not allowed: expected 1 to 65535",
  ],
  [
    "a port that is text",
    withFlannel({ backend: { port: "4789" } }),
    'flannel.backend.port: "4789" is not of type number',
  ],
  [
    "an MTU that no network has",
    withFlannel({ backend: { mtu: 500 } }),
    "flannel.backend.mtu: 500 is not allowed: expected 576 to 65535",
  ],
  [
    "options of two other backends",
    withFlannel({ backend: { type: "host-gw", vni: 1, psk, mtu: 1500 } }),
    "flannel.backend.mtu: is an option of vxlan and wireguard, not of host-gw: it has none",
    "flannel.backend.vni: is an option of vxlan, not of host-gw: it has none",
    "flannel.backend.psk: is an option of wireguard, not of host-gw: it has none",
  ],
  [
    "an option of wireguard for vxlan",
    withFlannel({ backend: { listenPort: 51820 } }),
    "flannel.backend.listenPort: is an option of wireguard, not of vxlan: it has vni, port, directRouting, gbp, learning, mtu",
  ],
  [
    "an option of vxlan for wireguard",
    withFlannel({ backend: { type: "wireguard", port: 51820 } }),
    "flannel.backend.port: is an option of vxlan, not of wireguard: it has psk, listenPort, listenPortV6, keepaliveInterval, mode, mtu",
  ],
  [
    "an MTU that leaves too little for IPv6 in vxlan",
    withFlannel({ ...both, backend: { mtu: 1329 } }, dualStack),
    "flannel.backend.mtu: 1329 is too small for IPv6 in vxlan, expected 1330 or more",
  ],
  [
    "an MTU that leaves too little for IPv6 in wireguard",
    withFlannel(
      { ...both, backend: { type: "wireguard", mtu: 1359 } },
      dualStack,
    ),
    "flannel.backend.mtu: 1359 is too small for IPv6 in wireguard, expected 1360 or more",
  ],
  [
    "a tunnel over IPv6 that the overlay does not have",
    withFlannel({ backend: { type: "wireguard", mode: "ipv6" } }),
    'flannel.backend.mode: "ipv6" needs an IPv6 network, add one to flannel.network',
  ],
  [
    "a tunnel over IPv4 that the overlay does not have",
    withFlannel(
      {
        network: "fd00:244::/32",
        backend: { type: "wireguard", mode: "ipv4" },
      },
      ipv6Only,
    ),
    'flannel.backend.mode: "ipv4" needs an IPv4 network, add one to flannel.network',
  ],
  [
    "a port of IPv6 without IPv6",
    withFlannel({ backend: { type: "wireguard", listenPortV6: 51821 } }),
    'flannel.backend.listenPortV6: 51821 has no use: only mode "separate" with an IPv6 network has a tunnel of IPv6',
  ],
  [
    "a port of IPv6 with one tunnel for both",
    withFlannel(
      {
        ...both,
        backend: { type: "wireguard", mode: "auto", listenPortV6: 51821 },
      },
      dualStack,
    ),
    'flannel.backend.listenPortV6: 51821 has no use: only mode "separate" with an IPv6 network has a tunnel of IPv6',
  ],
  [
    "one port for two tunnels",
    withFlannel(
      { ...both, backend: { type: "wireguard", listenPortV6: 51820 } },
      dualStack,
    ),
    "flannel.backend.listenPortV6: 51820 is also the port of the IPv4 tunnel, expected another",
  ],
  [
    "a port of IPv4 that is flannel's for IPv6",
    withFlannel(
      { ...both, backend: { type: "wireguard", listenPort: 51821 } },
      dualStack,
    ),
    "flannel.backend.listenPortV6: 51821 is also the port of the IPv4 tunnel, expected another",
  ],
  [
    "a network with host bits, without further faults that follow from it,",
    withFlannel({
      network: "fd00:244::1/32",
      backend: { type: "wireguard", mode: "ipv6", listenPortV6: 1 },
    }),
    'flannel.network: "fd00:244::1/32" has host bits set, the canonical form is fd00:244::/32',
  ],
]);

for (const [what, flannel, cluster] of [
  [
    "vxlan",
    {
      port: 4789,
      vni: 4096,
      directRouting: true,
      gbp: true,
      learning: false,
      mtu: 576,
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
  test(`the options of ${what} are accepted`, () => {
    const network = cluster === undefined ? {} : both;
    assert.deepEqual(
      flannelFaults({ ...network, backend: flannel }, cluster),
      [],
    );
  });
}

test("a pre-shared key is exactly 32 bytes in base64", () => {
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

test("a pre-shared key may be an output, whose value is not known yet", () => {
  const secret = pulumi.secret("not known yet");
  const { flannel } = planOf({ backend: { type: "wireguard", psk: secret } });
  assert.equal(flannel.backend.psk, secret);
});

test("each backend's options are written with flannel's own names, and options that are not given are left out", () => {
  assert.deepEqual(
    backendConf(
      {
        type: "vxlan",
        vni: 2,
        port: 4789,
        directRouting: true,
        gbp: false,
        learning: true,
        mtu: 1450,
      },
      undefined,
    ),
    {
      Type: "vxlan",
      VNI: 2,
      Port: 4789,
      DirectRouting: true,
      GBP: false,
      Learning: true,
      MTU: 1450,
    },
  );
  assert.deepEqual(
    backendConf(
      {
        type: "wireguard",
        psk: "a placeholder",
        listenPort: 1,
        listenPortV6: 2,
        keepaliveInterval: 25,
        mode: "auto",
        mtu: 1400,
      },
      psk,
    ),
    {
      Type: "wireguard",
      PSK: psk,
      ListenPort: 1,
      ListenPortV6: 2,
      PersistentKeepaliveInterval: 25,
      Mode: "auto",
      MTU: 1400,
    },
  );
  assert.deepEqual(backendConf({ type: "host-gw" }, undefined), {
    Type: "host-gw",
  });
});
