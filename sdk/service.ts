// Typed services: defined once, served and called with the types of the definition, checked where schemas say how.
//
//     const calculator = defineService({
//       name: 'calculator',
//       methods: { add: unary<{ a: number; b: number }, number>({ idempotent: true }) },
//     });
//
//     await server.serve(implement(calculator, { add: ({ a, b }) => a + b }));
//
//     const calc = await connect(calculator, new RpcClient(lease));
//     await calc.add({ a: 1, b: 2 });
export {
  type AnyMethod,
  type Bidirectional,
  bidirectional,
  type ClientStreaming,
  type ConnectOptions,
  clientStreaming,
  connect,
  defineService,
  type Implementation,
  type ImplementOptions,
  implement,
  type Metadata,
  type Method,
  type MethodDescription,
  type MethodKind,
  type MethodOptions,
  type MethodSide,
  type Methods,
  type Middleware,
  type Next,
  type Plain,
  type RetryPolicy,
  type ServerStreaming,
  type Service,
  type ServiceCall,
  type ServiceCallOptions,
  type ServiceClient,
  type ServiceContext,
  type ServiceDescription,
  ServiceMismatch,
  serverStreaming,
  tracing,
  type,
  type Unary,
  unary,
  ValidationError,
} from '#bridge';
