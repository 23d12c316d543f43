// The public surface, grouped by room.

// vocabulary: declarations
export type { Batch, Entry, Fresh } from './batch.ts';
export { type Clock, systemClock } from './clock.ts';
export type { FinalSink, FinalTable, OpenSink, Parcel, SinkDefaults } from './final-sink.ts';
export type { Outbox } from './outbox.ts';
// codecs
export { type Decoder, type JsonOptions, json } from './codecs/json.ts';
export type { Column, ColumnOf } from './column.ts';
export type { Custody, Delivery, Message } from './custody.ts';
export type { DedupeOptions } from './dedupe.ts';
export type { Duration } from './duration.ts';
export {
  ConfigError,
  LookupError,
  type LookupFailure,
  PipelineError,
  ScaleStreamError,
  SourceError,
  StoreError,
  type StoreFailure,
} from './errors.ts';
export type { EventIdOf } from './event-id.ts';
export { type EventTable, type EventTableOptions, eventTable, type Keep, type Late } from './event-table.ts';
export { type EventTimeInput, epochMicros, epochSeconds, type Micros } from './event-time.ts';
// lookups
export { fromHttp, type FromHttpOptions } from './lookups/from-http.ts';
export { fromTable, type FromTableOptions, type LookupRow } from './lookups/from-table.ts';
export type { Lookup, OpenLookup } from './lookup.ts';
export type { Contribution, Measure, MeasureOptions } from './measure.ts';
// measures
export { count, countIf } from './measures/count.ts';
export type { Combining } from './measures/combining.ts';
export {
  type DefinedPart,
  type DefinedReading,
  defineMeasure,
  type DefineMeasureOptions,
} from './measures/define-measure.ts';
export { distinct } from './measures/distinct.ts';
export { exactDistinct } from './measures/exact-distinct.ts';
export { max, min } from './measures/extremes.ts';
export { first, last } from './measures/first-last.ts';
export { funnel, type FunnelOptions } from './measures/funnel.ts';
export { mean } from './measures/mean.ts';
export { money, type MoneyOptions } from './measures/money.ts';
export { quantiles, type QuantilesOptions } from './measures/quantiles.ts';
export { ratio } from './measures/ratio.ts';
export { sum } from './measures/sum.ts';
export { topK, type TopKOptions } from './measures/top-k.ts';
export { variance } from './measures/variance.ts';
// operators
export { acknowledge } from './operators/acknowledge.ts';
export { type Backoff, type BackoffOptions, backoff } from './operators/backoff.ts';
export { decode } from './operators/decode.ts';
export { enrich } from './operators/enrich.ts';
export type { EnrichOptions, Missing } from './operators/enrich-options.ts';
export { filterEvents } from './operators/filter-events.ts';
export { flatMapEvents } from './operators/flat-map-events.ts';
export { foldInto } from './operators/fold-into.ts';
export { type GatherOptions, gather } from './operators/gather.ts';
export { mapEvents } from './operators/map-events.ts';
export { type RetryBackoffOptions, retryBackoff } from './operators/retry-backoff.ts';
export { type TransactionOptions, transaction } from './operators/transaction.ts';
// producer
export { type SimulateOptions, type Simulation, simulate } from './producer/simulate.ts';
export { type ToSqsOptions, toSqs } from './producer/to-sqs.ts';
export { type Committed, type Counts, type Pipeline, type Ports, pipeline, type Receipt } from './pipeline.ts';
export type { Reject, RejectReason } from './reject.ts';
// runtime
export { checkSinks } from './runtime/check-sinks.ts';
export { type Delivered, deliverOnce } from './runtime/deliver.ts';
export { type Difference, type Unreadable, type Verification, verify } from './runtime/verify.ts';
export { untilDrained } from './runtime/until-drained.ts';
export type { TimeStats } from './runtime/counting-time.ts';
export type { FlushStats } from './runtime/flushes.ts';
export { startWorker, type Worker, type WorkerOptions, type WorkerStats } from './runtime/worker.ts';
// sinks
export { type MemoryStore, memoryStore } from './sinks/memory.ts';
export { type Database, type PostgresOptions, postgresDatabase } from './sinks/postgres/postgres.ts';
export { snapshot } from './sinks/postgres/snapshot.ts';
export { toQueue, type ToQueueOptions } from './sinks/to-queue.ts';
export { toTable } from './sinks/to-table.ts';
export { toWebhook, type ToWebhookOptions } from './sinks/to-webhook.ts';
// sources
export { type MemoryQueue, memoryQueue } from './sources/memory.ts';
export { mergeSources } from './sources/merge-sources.ts';
export type { SqsSourceOptions } from './sources/sqs/options.ts';
export { sqsSource } from './sources/sqs/sqs.ts';
export type {
  CallReading,
  QueueStats,
  ReceivingMs,
  Source,
  SourceProgress,
  SourceStats,
  StageStats,
} from './source.ts';
export type { SpreadReading } from './spread.ts';
export type { Comparison, Flush, Fold, Outcome, Store } from './store.ts';
export type { Amount, FinalWindow } from './final-window.ts';
export { type FinalBranch, whenFinal, type WhenFinalOptions } from './when-final.ts';
export type { Span, Window } from './window.ts';
export { type WindowTable, type WindowTableOptions, windowTable } from './window-table.ts';
// windows
export { calendar, type CalendarOptions, type CalendarUnit } from './windows/calendar.ts';
export { hopping, type HoppingOptions } from './windows/hopping.ts';
export { session, type SessionOptions } from './windows/session.ts';
export { tumbling } from './windows/tumbling.ts';
