import type { EdgeProtection, PolicyState } from '@nm/core';
import type { UiEdge } from '../graph/ui-edge.ts';
import { Icon } from './Icon.tsx';
import { caveatText, INTENT_TEXTS, MESH_TEXTS, NETWORK_TEXTS } from './protection-words.ts';

/** What network policies, the mesh and declared intents say about a call, and which of them. */
export function ProtectionFacts({ edge }: { readonly edge: UiEdge }) {
  const { network, mesh, intents } = edge.protection ?? {};
  if (network === undefined && mesh === undefined && intents === undefined) return null;
  return (
    <ul className="protection-list" aria-label="Protection">
      {network !== undefined && <Verdict texts={NETWORK_TEXTS} verdict={network} />}
      {mesh !== undefined && <Verdict texts={MESH_TEXTS} verdict={mesh} />}
      {intents !== undefined && (
        <li className={`protection is-${intents}`}>
          <Icon name={intents === 'declared' ? 'check' : intents === 'undeclared' ? 'warning' : 'help'} />
          <span>{INTENT_TEXTS[intents]}</span>
        </li>
      )}
    </ul>
  );
}

interface Verdictlike {
  readonly state: PolicyState;
  readonly policies: readonly string[];
  readonly exceptions?: NonNullable<EdgeProtection['network']>['exceptions'];
  readonly caveats?: readonly string[];
}

const ICONS = { allowed: 'check', denied: 'warning', open: 'unlock', unknown: 'help' } as const;

function Verdict({ texts, verdict }: { readonly texts: Readonly<Record<PolicyState, string>>; readonly verdict: Verdictlike }) {
  const { state, policies, exceptions = [], caveats = [] } = verdict;
  return (
    <li className={`protection is-${state}`}>
      <Icon name={ICONS[state]} />
      <span>
        {texts[state]}
        {policies.length > 0 && (
          <small>
            by <bdi>{policies.join(', ')}</bdi>
          </small>
        )}
        {exceptions.map(({ port, protocol, state: other }) => (
          <small key={`${port ?? ''}/${protocol}`}>
            port {port ?? '?'}/{protocol}: {other === 'denied' ? 'would be denied' : other}
          </small>
        ))}
        {caveats.length > 0 && <small>Not certain: {caveats.map(caveatText).join('; ')}</small>}
      </span>
    </li>
  );
}
