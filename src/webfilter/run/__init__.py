"""Who does the work: documents and a pipeline go in, marked documents and a report come out.

`local` runs stages on a batch, `processes` does so in worker processes, `ray` on a cluster, `spool`
holds documents on disk at a corpus stage, `flow` leads the batches through the steps, `run` writes
the run folder, `tables` lends a pipeline to the job of another engine. Stages know of none of it.
"""
