import type { EdgeUpdatePort } from '../model/edge-update.ts';
import type { Observation } from '../model/observation.ts';
import { locateName } from './locate-name.ts';
import type { Locator } from './locate.ts';
import { asDropped, asMeant, asTargets, isTargets } from './resolution.ts';
import type { Found, Target } from './resolution.ts';

/** A connection whose destination is known by address; the name by which the client got it may say more (rules 12-15). */
export function locateConnection(locator: Locator, observation: Observation, at: number): Found {
  const { destination, node } = observation;
  const { address, port, protocol, podUid, asked, name, canonicalName } = destination;
  if (address === undefined) return asDropped('no-destination');
  // Nearly every connection is of the first form, and comes this way at each observation.
  const place =
    port !== undefined && podUid === undefined
      ? { address, protocol, port }
      : { address, protocol, ...(port === undefined ? {} : { port }), ...(podUid === undefined ? {} : { podUid }) };
  const found = locator.destination(place, at, node);
  const viaService =
    asked === undefined ? undefined : locator.destination({ address: asked.address, port: asked.port, protocol }, at, node);
  if (
    viaService !== undefined &&
    isTargets(viaService) &&
    viaService.targets.some((target) => target.service !== undefined || target.port?.service !== undefined)
  ) {
    return chosen(viaService.targets, found, port);
  }
  // Clocks of two captures differ: the copy after address translation came first (rule 5), so what was asked is the pod.
  if (
    viaService !== undefined &&
    isTargets(viaService) &&
    isTargets(found) &&
    found.targets.some((target) => target.port?.service !== undefined)
  )
    return chosen(found.targets, viaService, asked?.port);
  if (name === undefined || found.dropped !== undefined) return found;
  if (!isTargets(found)) return meantBy(locator, observation, found, at);
  const isInternet = found.targets.every((target) => target.peer.type === 'internet');
  const byName = locateName(locator, { name, ...(canonicalName === undefined ? {} : { canonicalName }), addresses: [address] }, at);
  if (!isTargets(byName)) return isInternet ? byNameOf(found, byName) : found;
  if (isInternet)
    return asTargets(
      byName.targets.slice(0, 1).map((target) =>
        target.with({
          port: { ...found.targets[0]?.port, protocol, ...(target.service === undefined ? {} : { service: target.service }) },
        }),
      ),
    );
  return withService(found.targets, byName.targets);
}

/**
 * Nobody owns the address any more, but the client got it for a name of the cluster: a pod that was replaced while its
 * address was still handed out. Whoever the name stands for was called.
 */
function meantBy(locator: Locator, observation: Observation, gone: Found, at: number): Found {
  const { address, port, protocol, name, canonicalName } = observation.destination;
  if (address === undefined || name === undefined) return gone;
  const byName = locateName(locator, { name, ...(canonicalName === undefined ? {} : { canonicalName }), addresses: [address] }, at);
  if (!isTargets(byName) || byName.targets.every(({ peer }) => peer.type === 'internet')) return gone;
  const own = port === undefined ? {} : { port: { port, protocol } };
  const { targets = [] } = withService(
    byName.targets.map((target) => target.with(own)),
    byName.targets,
  );
  return asMeant(targets, gone);
}

/** A cluster name that means nothing does not take away the address. */
function byNameOf(found: Found, byName: Found): Found {
  return byName.dropped === 'local-address' ? byName : found;
}

/** The Service asked for, and the pod that its translation chose: that pod's workload alone gets the evidence (rule 12). */
function chosen(asked: readonly Target[], found: Found, port: number | undefined): Found {
  const first = asked[0];
  const [pod] = isTargets(found) ? found.targets : [];
  if (first === undefined || pod === undefined || pod.pods.length === 0) return asTargets(asked);
  const via = first.port;
  const translated: EdgeUpdatePort = {
    ...pod.port,
    protocol: pod.port?.protocol ?? via?.protocol ?? 'TCP',
    ...(via?.service === undefined ? {} : { service: via.service }),
    ...(via?.servicePort === undefined ? {} : { servicePort: via.servicePort }),
    ...(pod.port === undefined && port !== undefined ? { port } : {}),
  };
  return asTargets([pod.with({ port: translated, ...(first.service === undefined ? {} : { service: first.service }) })]);
}

/** A pod reached by its address after a lookup of its Service (headless, or by pod name): the Service is noted. */
function withService(targets: readonly Target[], named: readonly Target[]): Found {
  const service = named[0]?.service;
  const foreign = named[0]?.name;
  return asTargets(
    targets.map((target) => {
      const port = target.port;
      const noted =
        service === undefined || port === undefined || port.service !== undefined
          ? {}
          : { port: { ...port, service, ...(port.port === undefined ? {} : { servicePort: port.port }) } };
      return target.with({ ...noted, ...(foreign === undefined ? {} : { name: foreign }) });
    }),
  );
}
