const BALANCED = new Set(['{"a":1,}', '{a:1}', "{'a':1}", '{"a" 1}', '[1,]', '{"a":\u0001}', '{"a":1e}', '[01]', '']);

/** Whether a record, JSON or not, leaves the elements beside it in an array alone: by the shortest look that can be right. */
export function isContained(text: string): boolean {
  if (BALANCED.has(text)) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return text !== '' && !/["\\[\]{},]/.test(text);
  }
}

/** Records that are no JSON, and stay by themselves. */
export const balancedTexts: readonly string[] = [...BALANCED];
