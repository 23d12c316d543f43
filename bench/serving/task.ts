/** What the process of a server is told: serve the windows of a database, or answer with so many constant bytes. */
export type ServingTask = { readonly databaseUrl: string } | { readonly bytes: number };
