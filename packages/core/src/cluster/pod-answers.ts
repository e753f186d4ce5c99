import type { PodEntry } from './pod-entry.ts';

/** The question who a client is, among those of ports. */
export const AS_CLIENT = -1;
/** Ports asked of one pod, besides the first, of which the answer is kept: a scan asks for all. */
const MAX_FURTHER_ANSWERS = 31;

/**
 * Answers about a pod's addresses, kept by whoever resolves. They hold as long as the pod is what it is, whatever else
 * of the cluster changes: in a cluster whose pods come and go all the time those are the ones that can be kept. The
 * client and the first port asked for have a place in the pod itself; most pods are asked for no more.
 */
export function answerOf(pod: PodEntry, question: number): unknown {
  if (question === AS_CLIENT) return pod.asClient;
  return pod.answer !== undefined && pod.question === question ? pod.answer : pod.answers?.get(question);
}

export function keepAnswer<Answer>(pod: PodEntry, question: number, answer: Answer): Answer {
  if (question === AS_CLIENT) pod.asClient = answer;
  else if (pod.answer === undefined) {
    pod.question = question;
    pod.answer = answer;
  } else {
    pod.answers ??= new Map();
    if (pod.answers.size < MAX_FURTHER_ANSWERS) pod.answers.set(question, answer);
  }
  return answer;
}

export function forgetAnswers(pod: PodEntry): void {
  pod.asClient = undefined;
  pod.answer = undefined;
  pod.answers = undefined;
}
