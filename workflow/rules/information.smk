"""
Measure the mutual information of every layer along training.

REQUIRED INPUTS
    <results>/training/{run}/{chunk}.h5                         from training.smk
    <results>/data/{task}.npz                                   from data.smk
    <results>/tables/metrics.parquet                            from training.smk
OUTPUTS
    <results>/activations/{run}/{chunk}.h5                      temporary
    <results>/information/{run}/{estimator}/{chunk}.parquet     one estimator, one chunk
    <results>/clustering/{run}/{estimator}/{chunk}.parquet      class distances, noisy networks
    <results>/ranges/{run}/{estimator}/{chunk}.parquet          values outside, end bins
    <results>/multi_network/{run}/{estimator}.parquet           several networks as one
    <results>/tables/information.parquet                        all of them, with each status
    <results>/dependence/{run}/{estimator}/{chunk}.parquet      dependence, which has no bits
    <results>/tables/dependence.parquet                         all of it, with each status
"""


rule dump_activations:
    """Dump all layers at all snapshots for all patterns; deleted once measured."""
    input:
        training="<results>/training/{run}/{chunk}.h5",
        data=lambda wildcards: f"<results>/data/{RUNS[wildcards.run].task}.npz",
        library=library_files("networks"),
    output:
        activations=temp("<results>/activations/{run}/{chunk}.h5"),
    log:
        "<results>/logs/dump_activations/{run}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/dump_activations/{run}/{chunk}.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    resources:
        mem_mb=1000,
        runtime=20,
    script:
        "../../src/dump_activations.py"


rule estimate_information:
    """Estimate I(X;T) and I(T;Y) in bits for every layer and snapshot, raw, never clipped."""
    input:
        activations="<results>/activations/{run}/{chunk}.h5",
        library=estimator_library,
    output:
        table="<results>/information/{run}/{estimator}/{chunk}.parquet",
    log:
        "<results>/logs/estimate_information/{run}/{estimator}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/estimate_information/{run}/{estimator}/{chunk}.tsv"
    wildcard_constraints:
        estimator=any_of(MEASURING),
    # Measured before more is dumped, so that few activations are on the disk at a time.
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=120,
    params:
        estimator=lambda wildcards: estimator_parameters(config, wildcards.estimator),
        initialisations=limit_of_estimator("initialisations"),
        snapshots=limit_of_estimator("snapshots"),
    script:
        "../../src/estimate_information.py"


rule estimate_noisy_information:
    """Estimate the information of noisy networks by running them, and how their classes cluster."""
    input:
        training="<results>/training/{run}/{chunk}.h5",
        data=lambda wildcards: f"<results>/data/{RUNS[wildcards.run].task}.npz",
        library=library_files(
            "clustering", "estimators/sample_propagation", "training/schedule"
        )
        + shared("trained"),
    output:
        table="<results>/information/{run}/{estimator}/{chunk}.parquet",
        clustering="<results>/clustering/{run}/{estimator}/{chunk}.parquet",
    log:
        "<results>/logs/estimate_noisy_information/{run}/{estimator}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/estimate_noisy_information/{run}/{estimator}/{chunk}.tsv"
    wildcard_constraints:
        estimator=any_of(RUNNING),
    # Long: begun last, it would be what everything else waits for.
    priority: 3
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=120,
    params:
        estimator=lambda wildcards: estimator_parameters(config, wildcards.estimator),
        initialisations=networks_of_estimator,
        snapshots=limit_of_estimator("snapshots"),
    script:
        "../../src/estimate_noisy_information.py"


rule measure_activation_range:
    """Measure how much of each layer lies outside a bin range whose end bins take it."""
    input:
        training="<results>/training/{run}/{chunk}.h5",
        data=lambda wildcards: f"<results>/data/{RUNS[wildcards.run].task}.npz",
        library=library_files("networks") + shared("trained"),
    output:
        table="<results>/ranges/{run}/{estimator}/{chunk}.parquet",
    log:
        "<results>/logs/measure_activation_range/{run}/{estimator}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/measure_activation_range/{run}/{estimator}/{chunk}.tsv"
    wildcard_constraints:
        estimator=any_of(WITH_END_BINS),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=20,
    params:
        estimator=lambda wildcards: estimator_parameters(config, wildcards.estimator),
        initialisations=networks_of_estimator,
        snapshots=limit_of_estimator("snapshots"),
    script:
        "../../src/measure_activation_range.py"


rule estimate_multi_network_information:
    """Estimate the information of several networks taken as one, correctly and as published."""
    input:
        training=grouped_chunks,
        data=lambda wildcards: f"<results>/data/{RUNS[wildcards.run].task}.npz",
        library=lambda wildcards: library_files("networks")
        + estimator_library(wildcards)
        + shared("trained"),
    output:
        table="<results>/multi_network/{run}/{estimator}.parquet",
    log:
        "<results>/logs/estimate_multi_network_information/{run}/{estimator}.log",
    benchmark:
        "<results>/benchmarks/estimate_multi_network_information/{run}/{estimator}.tsv"
    wildcard_constraints:
        estimator=any_of(OF_SEVERAL),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        estimator=lambda wildcards: estimator_parameters(config, wildcards.estimator),
        initialisations=networks_of_estimator,
        snapshots=limit_of_estimator("snapshots"),
    script:
        "../../src/estimate_multi_network_information.py"


rule summarise_information:
    """Merge the estimates of all runs and estimators."""
    input:
        chunks=information_chunks,
        metrics="<results>/tables/metrics.parquet",
    output:
        table="<results>/tables/information.parquet",
    log:
        "<results>/logs/summarise_information.log",
    benchmark:
        "<results>/benchmarks/summarise_information.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
        runtime=10,
    script:
        "../../src/summarise_information.py"


rule measure_dependence:
    """Measure how far each layer depends on X and Y by kernels, to compare information with."""
    input:
        training="<results>/training/{run}/{chunk}.h5",
        data=lambda wildcards: f"<results>/data/{RUNS[wildcards.run].task}.npz",
        library=lambda wildcards: library_files("networks")
        + estimator_library(wildcards)
        + shared("trained"),
    output:
        table="<results>/dependence/{run}/{estimator}/{chunk}.parquet",
    log:
        "<results>/logs/measure_dependence/{run}/{estimator}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/measure_dependence/{run}/{estimator}/{chunk}.tsv"
    wildcard_constraints:
        estimator=any_of(OF_DEPENDENCE),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        estimator=lambda wildcards: estimator_parameters(config, wildcards.estimator),
        initialisations=networks_of_estimator,
        snapshots=limit_of_estimator("snapshots"),
    script:
        "../../src/measure_dependence.py"


rule summarise_dependence:
    """Merge the dependence of all runs."""
    input:
        chunks=dependence_chunks,
        metrics="<results>/tables/metrics.parquet",
    output:
        table="<results>/tables/dependence.parquet",
    log:
        "<results>/logs/summarise_dependence.log",
    benchmark:
        "<results>/benchmarks/summarise_dependence.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../../src/summarise_dependence.py"
