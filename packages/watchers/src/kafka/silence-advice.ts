/** What the watcher has seen of its brokers' logs since the last advice. */
export interface LogSigns {
  /** Brokers whose log is followed; a file counts as one. */
  readonly brokers: number;
  readonly lines: number;
  readonly allowed: number;
  readonly denied: number;
}

const WHERE = '(docs/watchers.md)';

/**
 * What an operator has to set when for long no log said that an access was allowed. The message is static, the caller
 * adds the figures.
 */
export function adviseOnSilence({ brokers, lines, allowed, denied }: LogSigns): string {
  if (brokers === 0)
    return `no Kafka broker found: give the name and namespace of their StatefulSet, StrimziPodSet, Strimzi cluster or pod with --servers ${WHERE}`;
  if (allowed > 0)
    return `the authorizer events of the Kafka brokers have stopped: were the brokers started again with other settings? ${WHERE}`;
  if (denied > 0)
    return `the Kafka brokers log denied accesses only: set the logger kafka.authorizer.logger to DEBUG, allowed ones are logged at that level ${WHERE}`;
  if (lines === 0)
    return `the Kafka brokers write nothing to the log that is read: name their container with --servers name.namespace:container, and let them log to standard output ${WHERE}`;
  return `no authorizer events in the logs of the Kafka brokers: set authorizer.class.name (org.apache.kafka.metadata.authorizer.StandardAuthorizer with KRaft), set the logger kafka.authorizer.logger to DEBUG, and let it write to the container's standard output ${WHERE}`;
}
