import { describe, expect, it } from 'vitest';
import { spellDefinition } from './tool-definition.ts';

const tool = {
  name: 'echo',
  description: 'Says it again',
  inputSchema: { type: 'object', properties: { text: { type: 'string' }, times: { type: 'integer', default: 1 } } },
};

describe('spellDefinition', () => {
  it('is the same for the same definition, whatever the order and whatever else is there', () => {
    const { name, description, inputSchema } = tool;
    const other = {
      icons: [],
      inputSchema: { properties: { ...inputSchema.properties }, type: 'object' },
      _meta: { a: 1 },
      description,
      name,
    };
    expect(spellDefinition(other)).toBe(spellDefinition(tool));
    const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
    const raw = { name: 'n', inputSchema: { default: rawJSON('1.0') } };
    expect(spellDefinition(raw)).toBe(spellDefinition({ name: 'n', inputSchema: { default: 1 } }));
  });

  it('is another for any change that a model could be told of', () => {
    const changes = [
      { name: 'Echo' },
      { title: 'Echo' },
      { description: 'Says it again.' },
      { inputSchema: { ...tool.inputSchema, required: [] } },
      { inputSchema: { ...tool.inputSchema, properties: {} } },
      { outputSchema: {} },
      { annotations: { readOnlyHint: true } },
    ];
    const texts = changes.map((change) => spellDefinition({ ...tool, ...change }));
    expect(new Set([...texts, spellDefinition(tool)]).size).toBe(changes.length + 1);
  });
});
