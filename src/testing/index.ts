// The kit for authors of pipelines: `import { testPipeline } from 'scalestream/testing'`.

export { checkMeasure, type CheckMeasureOptions } from './check-measure.ts';
export { lookupOf, type TestLookup } from './lookup-of.ts';
export { crash, duplicate, type Fault, late, type Sent, stall } from './markers.ts';
export {
  type TestPipeline,
  type TestPipelineOptions,
  type TestReject,
  type TestWindow,
  testPipeline,
} from './test-pipeline.ts';
export { settle, type VirtualClock, virtualClock } from './virtual-clock.ts';
export { type VirtualProcess, virtualProcess } from './virtual-process.ts';
