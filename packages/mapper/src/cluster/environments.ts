/** To which environment a namespace belongs. */
export interface EnvironmentRules {
  environmentOf(namespace: string, labels: Readonly<Record<string, string>>): string | undefined;
}

/**
 * Patterns (a star stands for any text) come first, in the order given; then the label. A namespace that fits none has
 * no environment.
 */
export function createEnvironmentRules(options: {
  readonly patterns: Readonly<Record<string, readonly string[]>>;
  readonly label?: string;
}): EnvironmentRules {
  const rules = Object.entries(options.patterns).flatMap(([environment, patterns]) =>
    patterns.map((pattern) => ({ environment, matches: toMatcher(pattern) })),
  );
  return {
    environmentOf(namespace, labels) {
      const rule = rules.find(({ matches }) => matches.test(namespace));
      if (rule !== undefined) return rule.environment;
      const value = options.label === undefined ? undefined : labels[options.label];
      return value === '' ? undefined : value;
    },
  };
}

function toMatcher(pattern: string): RegExp {
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${escaped.join('.*')}$`);
}
