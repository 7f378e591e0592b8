"""
Measure the layers of trained networks along training.

REQUIRED INPUTS
    <results>/training/{run}/{chunk}.h5                         from training.smk
    <results>/data/{task}.npz                                   from data.smk
OUTPUTS
    <results>/activations/{run}/{measurement}/{chunk}.h5        temporary, of one measurement
    <results>/{table}/{run}/{measurement}/{chunk}.parquet       a table's part, of one chunk
    <results>/tables/{table}/{run}/{measurement}.parquet        all chunks of a run
    <results>/tables/{table}.parquet                            all of the study, read by no rule
"""


rule dump_activations:
    """Dump the layers at the snapshots and for the patterns that one measurement needs."""
    input:
        training="<results>/training/{run}/{chunk}.h5",
        data=data_of_run,
        code=code_of_networks("dump_activations.py"),
    output:
        activations=temp("<results>/activations/{run}/{measurement}/{chunk}.h5"),
    log:
        "<results>/logs/dump_activations/{run}/{measurement}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/dump_activations/{run}/{measurement}/{chunk}.tsv"
    wildcard_constraints:
        measurement=any_of(STUDY.measured_by("estimate_information")),
    priority: 1
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(20),
    params:
        made_from=made_from,
        initialisations=networks_of_measurement,
        snapshots=use_of("snapshots"),
        evaluation=use_of("evaluation"),
        reads=reads_of_measurement,
    script:
        "../../src/dump_activations.py"


rule estimate_information:
    """Estimate I(X;T) and I(T;Y) in bits for every layer and snapshot, raw, never clipped."""
    input:
        activations="<results>/activations/{run}/{measurement}/{chunk}.h5",
        code=lambda wildcards: local(
            code_behind.code_of_estimates(STUDY, wildcards.measurement)
        ),
    output:
        table="<results>/information/{run}/{measurement}/{chunk}.parquet",
    log:
        "<results>/logs/estimate_information/{run}/{measurement}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/estimate_information/{run}/{measurement}/{chunk}.tsv"
    wildcard_constraints:
        measurement=any_of(STUDY.measured_by("estimate_information")),
    # Measured before more is dumped, so that few activations are on the disk at a time.
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(120),
    params:
        made_from=made_from,
        measure=measure_of,
    script:
        "../../src/estimate_information.py"


rule measure_networks:
    """Measure networks by running them, or by their weights: what activations do not tell."""
    input:
        training="<results>/training/{run}/{chunk}.h5",
        data=data_of_run,
        code=code_of_measurement("measure_networks.py"),
    output:
        table="<results>/{table}/{run}/{measurement}/{chunk}.parquet",
    log:
        "<results>/logs/measure_networks/{table}/{run}/{measurement}/{chunk}.log",
    benchmark:
        "<results>/benchmarks/measure_networks/{table}/{run}/{measurement}/{chunk}.tsv"
    wildcard_constraints:
        measurement=any_of(STUDY.measured_by("measure_networks")),
    # Running noisy networks takes long: begun last, it would be what everything else waits for.
    priority: 3
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(120),
    params:
        made_from=made_from,
        measure=measure_of,
        initialisations=networks_of_measurement,
        snapshots=use_of("snapshots"),
        evaluation=use_of("evaluation"),
    script:
        "../../src/measure_networks.py"


rule measure_groups:
    """Measure several networks of a run taken as one."""
    input:
        training=training_of_measurement,
        data=data_of_run,
        code=code_of_measurement("measure_groups.py"),
    output:
        table="<results>/tables/{table}/{run}/{measurement}.parquet",
    log:
        "<results>/logs/measure_groups/{table}/{run}/{measurement}.log",
    benchmark:
        "<results>/benchmarks/measure_groups/{table}/{run}/{measurement}.tsv"
    wildcard_constraints:
        measurement=any_of(STUDY.measured_by("measure_groups")),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(30),
    params:
        made_from=made_from,
        measure=measure_of,
        initialisations=networks_of_measurement,
        snapshots=use_of("snapshots"),
        evaluation=use_of("evaluation"),
    script:
        "../../src/measure_groups.py"


rule merge_table:
    """Merge the chunks of one run under one measurement: what figures and claims are made from."""
    input:
        parts=parts_of_table,
        code=code_of("merge_table.py"),
    output:
        table="<results>/tables/{table}/{run}/{measurement}.parquet",
    log:
        "<results>/logs/merge_table/{table}/{run}/{measurement}.log",
    benchmark:
        "<results>/benchmarks/merge_table/{table}/{run}/{measurement}.tsv"
    wildcard_constraints:
        measurement=any_of(
            [
                planning.TRAINING,
                *(
                    name
                    for name in STUDY.measurements
                    if name not in STUDY.measured_by("measure_groups")
                ),
            ]
        ),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=each_attempt(1000),
        runtime=each_attempt(10),
    params:
        made_from=made_from,
    script:
        "../../src/merge_table.py"


use rule merge_table as merge_study with:
    # For other people's use: no rule reads it.
    input:
        parts=parts_of_study,
        code=code_of("merge_table.py"),
    output:
        table="<results>/tables/{table}.parquet",
    log:
        "<results>/logs/merge_study/{table}.log",
    benchmark:
        "<results>/benchmarks/merge_study/{table}.tsv"
    resources:
        mem_mb=each_attempt(2000),
        runtime=each_attempt(10),
