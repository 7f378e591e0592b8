"""Which code stands behind each product: that of its script, and of the methods that it names."""

from __future__ import annotations

from collections.abc import Mapping

from infoplane.claims.registry import STATISTICS
from infoplane.estimators import ESTIMATORS
from infoplane.measures import MEASURES
from infoplane.models import MODELS
from infoplane.networks import NETWORKS
from infoplane.tasks import TASKS
from pipeline.dependencies import code_of
from pipeline.planning import Study


def code_of_measurement(script: str, study: Study, run: str, measurement: str) -> list[str]:
    """Name the code behind a measurement of a run."""
    measure, network = study.measurements[measurement].measure, study.runs[run].network
    return code_of(
        script,
        MEASURES.module(measure.name),
        NETWORKS.module(network.name),
        *(ESTIMATORS.module(method) for method in measure.methods()),
    )


def code_of_estimates(study: Study, measurement: str) -> list[str]:
    """Name the code behind estimates from activations; the networks have done their part."""
    measure = study.measurements[measurement].measure
    methods = (ESTIMATORS.module(method) for method in measure.methods())
    return code_of("estimate_information.py", MEASURES.module(measure.name), *methods)


def code_of_networks(script: str, study: Study, run: str) -> list[str]:
    """Name the code of a stage that runs or trains a run's networks."""
    return code_of(script, NETWORKS.module(study.runs[run].network.name))


def code_of_task(config: Mapping, task: str) -> list[str]:
    """Name the code that makes a task."""
    return code_of("generate_data.py", TASKS.module(config["tasks"][task]["rule"]))


def code_of_images(image_set: str) -> list[str]:
    """Name the code that fetches an image set and holds it against its task rule."""
    return code_of("fetch_images.py", TASKS.module(image_set))


def code_of_model(config: Mapping, model: str) -> list[str]:
    """Name the code that solves a model."""
    return code_of("solve_models.py", MODELS.module(config["models"][model]["model"]))


def code_of_claim(config: Mapping, claim: str) -> list[str]:
    """Name the code that judges a claim."""
    return code_of("judge_claims.py", STATISTICS[config["claims"][claim]["statistic"]].module)


def code_of_drops(method: str) -> list[str]:
    """Name the code of the audit of drops, which tries the estimators of one method."""
    return code_of("audit_drops.py", ESTIMATORS.module(method))


def code_of_audit() -> list[str]:
    """Name the code of the audit, which tries every estimator."""
    return code_of("audit_estimators.py", *map(ESTIMATORS.module, ESTIMATORS.names))
