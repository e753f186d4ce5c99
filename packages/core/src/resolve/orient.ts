import type { ClusterView } from '../cluster/cluster-view.ts';
import { recordAt } from '../cluster/service-entry.ts';
import type { Observation } from '../model/observation.ts';

/**
 * Rule 4: the direction of a socket that nobody was seen listening for: the side whose port is a known Service or
 * container port is the server, else the lower port.
 */
export function orient(view: ClusterView, observation: Observation): Observation {
  const { source, destination } = observation;
  if (
    observation.directionGuessed !== true ||
    source.address === undefined ||
    source.port === undefined ||
    destination.address === undefined ||
    destination.port === undefined
  )
    return observation;
  const at = observation.lastSeenAt;
  const knowsSource = isKnownPort(view, source.address, source.port, destination.protocol, at);
  const knowsDestination = isKnownPort(view, destination.address, destination.port, destination.protocol, at);
  const isReversed = knowsSource === knowsDestination ? source.port < destination.port : knowsSource;
  if (!isReversed) return observation;
  const { name: _name, canonicalName: _canonicalName, asked: _asked, ...rest } = destination;
  return {
    ...observation,
    vantage: observation.vantage === 'client' ? 'server' : 'client',
    source: {
      address: destination.address,
      port: destination.port,
      ...(destination.podUid === undefined ? {} : { podUid: destination.podUid }),
    },
    destination: {
      protocol: rest.protocol,
      address: source.address,
      port: source.port,
      ...(source.podUid === undefined ? {} : { podUid: source.podUid }),
    },
  };
}

function isKnownPort(view: ClusterView, address: string, port: number, protocol: string, at: number): boolean {
  const pod = view.pods.ownerAt(address, at);
  if (pod !== undefined) return pod.record.ports.some((candidate) => candidate.containerPort === port && candidate.protocol === protocol);
  const service = view.services.atAddress(address, at);
  if (service === undefined) return view.isApiServer(address, port);
  return recordAt(service, at).ports.some((candidate) => candidate.port === port && candidate.protocol === protocol);
}
