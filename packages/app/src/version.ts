/** Version of every part: what package.json says, and what reports carry. */
export const VERSION = '0.1.0';
