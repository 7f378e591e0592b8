"""What is wrong with a configuration, and what its refusal must say: the table of the tests."""

import math
from datetime import date

# What is wrong, and the words that the message must hold: the key, the value, what is allowed.
WRONG = {
    "misspelt key": ("defaults/epoch", 100, ["defaults.epoch", "did you mean 'epochs'"]),
    "unknown key": ("runs/szt_tanh/colour", "red", ["runs.szt_tanh.colour", "allowed: activation"]),
    "unknown top-level key": (
        "seeds",
        1,
        ["seeds", "unknown key 'seeds'", "allowed: audit, claims"],
    ),
    "wrong type": ("defaults/epochs", "many", ["defaults.epochs", "'many'", "integer"]),
    "fractional count": ("defaults/epochs", 10.5, ["defaults.epochs", "10.5", "integer"]),
    "no such activation": (
        "runs/saxe_relu/activation",
        "rleu",
        ["runs.saxe_relu.activation", "'rleu'", "did you mean 'relu'", "tanh, relu, linear"],
    ),
    "fraction of 0": ("defaults/training_fraction", 0, ["training_fraction", "value 0", "above 0"]),
    "fraction of 1.2": (
        "runs/szt_tanh_fraction_05/training_fraction",
        1.2,
        ["runs.szt_tanh_fraction_05.training_fraction", "1.2", "at most 1"],
    ),
    "a depth of 0": (
        "runs/szt_depth_1/widths",
        [12, 2],
        ["runs.szt_depth_1.widths", "[12, 2]", "at least 3"],
    ),
    "figure of no claim": (
        "figures/infoplane_batch_sizes/claim",
        "C99",
        ["figures.infoplane_batch_sizes.claim", "'C99'", "C26"],
    ),
    "half of an estimator's difference": (
        "comparisons/ablations/pairs/11/reference_estimator",
        ...,
        ["comparisons.ablations.pairs", "reference_estimator"],
    ),
    "difference under no estimator": (
        "comparisons/ablations/pairs/11/estimator",
        "binned_31_edges",
        ["comparisons.ablations", "'binned_31_edges'"],
    ),
    "pooling that does not divide": (
        "tasks/digits",
        {"rule": "fashion_mnist", "pooling": 3},
        ["tasks.digits", "pooling 3 does not divide images of 28 x 28", "1, 2, 4, 7, 14, 28"],
    ),
    "images of another shape than the network's": (
        "tasks/digits",
        {"rule": "cifar10"},
        ["runs.digits_tanh", "(3, 32, 32)", "input layer of 64"],
    ),
    "more classes than the network's": (
        "tasks/digits",
        {"rule": "cifar100", "pooling": 4},
        ["runs.digits_convolutional", "(3, 8, 8)", "(1, 8, 8)"],
    ),
    "more images than there are": (
        "tasks/digits",
        {"rule": "mnist", "training_images": 60001},
        ["tasks.digits", "training_images must be at most the 60000", "60001"],
    ),
    "digest that is none": (
        "image_sets/mnist/files/train-labels-idx1-ubyte.gz/sha256",
        "3552",
        ["image_sets.mnist.files.train-labels-idx1-ubyte.gz.sha256", "'3552'", "[0-9a-f]{64}"],
    ),
    "file that leads out of its folder": (
        "image_sets/mnist/files",
        {"../../passwd": {"sha256": 64 * "0"}},
        ["image_sets.mnist.files", "../../passwd"],
    ),
    "no such split": (
        "runs/szt_tanh_first_patterns/split",
        "last",
        ["runs.szt_tanh_first_patterns.split", "'last'", "shuffled, first"],
    ),
    "one tanh unit of two": (
        "runs/skoltech_2/widths",
        [12, 5, 2],
        ["runs.skoltech_2", "output tanh is one unit, and widths end with 2"],
    ),
    "batches of an epoch without batches": (
        "runs/skoltech_2_published/batch_size",
        "full",
        ["runs.skoltech_2_published", "batches_per_epoch needs mini-batches"],
    ),
    "score that nobody has": (
        "tasks/skoltech_mean/score",
        "median",
        ["tasks.skoltech_mean", "score 'median' is not one of: mean, products"],
    ),
    "label that a figure has not": (
        "figures/skoltech/published",
        {"1, as published": True},
        ["figures.skoltech.published", "its runs are", "'1, as meant'"],
    ),
    "output of a label that a figure has not": (
        "figures/dropout/with_output",
        {"the noise": False},
        ["figures.dropout.with_output", "its runs are", "'100 bins, no noise'"],
    ),
    "epsilon of plain descent": (
        "runs/szt_tanh_sgd/adam_epsilon",
        "before_correction",
        ["runs.szt_tanh_sgd", "adam_epsilon is Adam's"],
    ),
    "exception from a list of runs": (
        "measurements/binned_30/except",
        ["szt_tanh"],
        ["measurements.binned_30.except", "leaves out some of all runs"],
    ),
    "exception of an unknown run": (
        "measurements/binned_everywhere/except",
        ["szt_tnah"],
        ["measurements.binned_everywhere.except", "did you mean 'szt_tanh'"],
    ),
    "inverted range": (
        "estimators/binned_30/range",
        [1.0, -1.0],
        ["estimators.binned_30", "low", "1.0", "-1.0"],
    ),
    "unknown range": ("estimators/binned_30/range", "unit", ["range", "'unit'", "'global'"]),
    "reading that a claim lacks": (
        "claims/C01/judged_on/1/readings",
        ["nats"],
        ["claims.C01", "['nats'] are not of the claim, which has: bits, share, from_start"],
    ),
    "reading without a threshold": (
        "claims/C01/readings/bits",
        {"quantity": "net_drop_bits"},
        ["claims.C01.readings.bits", "threshold"],
    ),
    "claim with a threshold and readings": (
        "claims/C01/threshold",
        1.0,
        ["claims.C01", "give either a threshold or readings"],
    ),
    "claim without a threshold": (
        "claims/C03/threshold",
        ...,
        ["claims.C03", "give either a threshold or readings"],
    ),
    "finest estimator that is a list": (
        "resolution/finest",
        [],
        ["resolution.finest", "value []", "string"],
    ),
    "finest estimator that is none": (
        "resolution/finest",
        "machine_precison",
        ["resolution.finest", "'machine_precison'", "did you mean 'machine_precision'"],
    ),
    "floor above all there is": (
        "resolution/floor_share",
        1.5,
        ["resolution.floor_share", "1.5"],
    ),
    "unknown fate of values outside": (
        "estimators/binned_30_end_bins/outside",
        "clip",
        ["estimators.binned_30_end_bins.outside", "'clip'", "refuse, end_bins"],
    ),
    "end bins of a range that holds all": (
        "estimators/binned_30_end_bins/range",
        "global",
        ["estimators.binned_30_end_bins", "end_bins", "two numbers", "'global'"],
    ),
    "several networks of no number": (
        "measurements/multi_network_30/networks",
        ...,
        ["measurements.multi_network_30", "networks"],
    ),
    "several networks with bins of their own": (
        "measurements/multi_network_30/range",
        "global",
        ["measurements.multi_network_30.range", "'global'", "list"],
    ),
    "one group of networks has no spread": (
        "measurements/multi_network_30/networks",
        26,
        ["measurements.multi_network_30.networks", "'szt_tanh'", "50 networks", "26"],
    ),
    "no network is not several": (
        "measurements/multi_network_30/networks",
        0,
        ["measurements.multi_network_30", "networks must be a whole number of at least 1, not 0"],
    ),
    "claim on several networks that nobody measures": (
        "measurements/multi_network_30/runs",
        ["szt_tanh"],
        ["claims.C31", "'saxe_tanh'", "several_networks"],
    ),
    "claim on end bins that nobody measures": (
        "measurements/outside_range/runs",
        ["saxe_linear"],
        ["claims.C12", "'saxe_relu'", "outside_range"],
    ),
    "Fisher information of a noisy network": (
        "measurements/fisher/runs",
        ["szt_tanh", "szt_noisy_tanh"],
        ["measurements.fisher", "szt_noisy_tanh", "p(y given x)"],
    ),
    "Fisher information of one class": (
        "measurements/fisher/exact_classes",
        1,
        ["measurements.fisher", "exact_classes must be a whole number of at least 2, not 1"],
    ),
    "prior of no width": (
        "measurements/weight_information/prior_deviation",
        0.0,
        ["measurements.weight_information", "prior_deviation must be above 0, not 0.0"],
    ),
    "curvature by another way": (
        "measurements/weight_information/curvature",
        "diagonal",
        ["measurements.weight_information", "one of 'exact', 'kronecker', 'lanczos'"],
    ),
    "Lanczos' iteration without a number of vectors": (
        "measurements/weight_information/curvature",
        "lanczos",
        ["measurements.weight_information", "curvature: lanczos needs probes"],
    ),
    "probes of an exact determinant": (
        "measurements/weight_information/probes",
        16,
        ["measurements.weight_information", "probes are of curvature: lanczos, not of exact"],
    ),
    "exact curvature of many weights": (
        "runs/szt_tanh/widths",
        [12, 80, 70, 2],
        ["measurements.weight_information", "at most 5000 parameters, not"],
    ),
    "claim on what weights do not hold": (
        "claims/C80/readings/norm/quantity",
        1,
        ["claims.C80", "quantity must be str, not 1"],
    ),
    "negative price of information": (
        "models/variational/betas",
        [-1.0, 1.0, 10.0],
        ["models.variational", "betas must be above 0, not -1.0"],
    ),
    "noise of no size": (
        "models/variational/largest_alpha",
        0.0,
        ["models.variational", "largest_alpha must be above 0, not 0.0"],
    ),
    "additive noise and a log-uniform prior": (
        "models/variational/noise",
        "additive",
        ["models.variational", "prior log_uniform is of multiplicative noise"],
    ),
    "negative price of a representation": (
        "models/information_dropout_relu/betas",
        [-0.1, 1.0],
        ["models.information_dropout_relu", "betas must be above 0, not -0.1"],
    ),
    "an occlusion as large as the image": (
        "models/information_dropout_relu/occlusion",
        8,
        ["models.information_dropout_relu", "smaller than the images of 8 x 8, 1 to 7, not 8"],
    ),
    "an occlusion of what is no image": (
        "models/information_dropout_relu/task",
        "szt_hard",
        ["models.information_dropout_relu", "images of one channel, not of inputs (12,)"],
    ),
    "noise of no size on a representation": (
        "models/information_dropout_softplus/largest_alpha",
        0.0,
        ["models.information_dropout_softplus", "largest_alpha must be above 0, not 0.0"],
    ),
    "a code of one part": (
        "models/beta_vae/latent",
        1,
        ["models.beta_vae", "latent must be a whole number of at least 2, not 1"],
    ),
    "negative price of a code": (
        "models/beta_vae/betas",
        [-1.0, 1.0],
        ["models.beta_vae", "betas must be above 0, not -1.0"],
    ),
    "claim on what a code does not have": (
        "claims/C95/readings/axes/quantity",
        1,
        ["claims.C95", "quantity must be str, not 1"],
    ),
    "a completed matrix with nothing unseen": (
        "models/completion_2/observed",
        1600,
        ["models.completion_2", "observed must be below the 1600 entries"],
    ),
    "a completed matrix without networks that had no deficit": (
        "models/completion_2/switches",
        [250],
        ["models.completion_2", "switches must hold 0"],
    ),
    "a deficit that goes on to the end": (
        "models/multipath_2/starts",
        [0.0, 11.5],
        ["models.multipath_2", "the last one's deficit must end before duration 12.0"],
    ),
    "a deficit of no kind": (
        "models/multipath_2/deficit",
        "deaf",
        ["models.multipath_2", "deficit must be one of 'frozen', 'silent', not 'deaf'"],
    ),
    "a layer without a price": (
        "models/noisy_layer_each/betas",
        [0.0, 1.0],
        ["models.noisy_layer_each", "betas must be above 0, not 0.0"],
    ),
    "alphas of another kind": (
        "models/noisy_layer_each/alphas",
        "layer",
        ["models.noisy_layer_each", "alphas must be one of 'shared', 'each', not 'layer'"],
    ),
    "a difference of three columns": (
        "figures/achille_invariance/curves",
        {"I(z;n)": ["mi_irrelevant_bits", "task_bits", "mi_label_bits"]},
        ["figures.achille_invariance.curves"],
    ),
    "curves against what no table has": (
        "figures/achille_dropout/against",
        "layer",
        ["figures.achille_dropout.against", "'layer'", "beta, epoch"],
    ),
    "a deficit that nobody has": (
        "models/critical/deficits",
        ["blur", "fog"],
        ["models.critical", "deficits must be one of 'blur', 'flip', 'permutation', 'noise'"],
    ),
    "a deficit after training": (
        "models/critical/spans",
        [[0, 5], [60, 70]],
        ["models.critical", "starts after training ends, at epoch 60; allowed: 0 to 59"],
    ),
    "blur without images": (
        "models/critical/task",
        "szt_hard",
        ["models.critical", "deficits blur, flip", "no images", "permutation, noise"],
    ),
    "blur that leaves all pixels": (
        "models/critical/blur_side",
        8,
        ["models.critical", "blur_side must be below the 8 pixels of a side, not 8"],
    ),
    "a coupling block of one channel": (
        "runs/digits_invertible/squeezes",
        [1, 2],
        ["runs.digits_invertible", "stage 1 1 channels", "even number"],
    ),
    "a network that cannot be inverted": (
        "measurements/inversion/runs",
        ["digits_invertible", "digits_relu"],
        ["measurements.inversion", "digits_relu", "no layer that can be inverted"],
    ),
    "no such model": (
        "models/minimal/model",
        "minimale",
        ["models.minimal.model", "did you mean 'minimal'"],
    ),
    "one bin for a model": (
        "models/minimal/bins",
        1,
        ["models.minimal", "bins must be a whole number of at least 2, not 1"],
    ),
    "parameter of no model": (
        "models/minimal/bin",
        30,
        ["models.minimal", "no parameter 'bin'", "bins"],
    ),
    "a linear task without samples": (
        "models/linear_as_stated/samples",
        0,
        ["models.linear_as_stated", "samples must be a whole number of at least 1, not 0"],
    ),
    "a teacher of negative noise": (
        "models/linear_as_stated/teacher_noise",
        -1.0,
        ["models.linear_as_stated", "teacher_noise must be at least 0, not -1.0"],
    ),
    "a network of depth 0": (
        "models/linear_deep/hidden",
        [],
        ["models.linear_deep", "hidden must be a list of at least one width, not []"],
    ),
    "a curve of beta 0": (
        "models/szt_stochastic_curve/smallest_beta",
        0,
        ["models.szt_stochastic_curve", "smallest_beta must be above 0, not 0"],
    ),
    "a curve of no task": (
        "models/szt_stochastic_curve/task",
        ...,
        ["models.szt_stochastic_curve", "lacks task"],
    ),
    "a curve of an unknown task": (
        "models/szt_stochastic_curve/task",
        "szt_stochastik",
        ["models.szt_stochastic_curve.task", "did you mean 'szt_stochastic'"],
    ),
    "claim against a curve that nobody solves": (
        "claims/C24/parameters/curve",
        "curve",
        ["claims.C24", "model 'curve' is not in the study"],
    ),
    "a task for a model without one": (
        "models/minimal/task",
        "szt_hard",
        ["models.minimal.task", "about no task"],
    ),
    "claim on a model that nobody solves": (
        "claims/C15/judged_on/0/models",
        ["minimum"],
        ["claims.C15", "model 'minimum' is not in the study"],
    ),
    "claim on models that names runs": (
        "claims/C15/judged_on",
        [{"runs": ["szt_tanh"]}],
        ["claims.C15", "unknown ['runs']", "missing ['models']"],
    ),
    "figure of a model that nobody solves": (
        "figures/saxe_2/models",
        {"a": "minimum"},
        ["figures.saxe_2.models.a", "did you mean 'minimal'"],
    ),
    "no bins": ("estimators/binned_30/bins", 0, ["estimators.binned_30", "bins", "0"]),
    "noise variance of 0": (
        "estimators/kde_0.1_upper/noise_variance",
        0.0,
        ["estimators.kde_0.1_upper", "noise_variance", "0"],
    ),
    "misspelt parameter of an estimator": (
        "estimators/binned_30/n_bin",
        30,
        ["estimators.binned_30", "'n_bin'", "bins"],
    ),
    "estimator of no method": (
        "estimators/binned_30/method",
        ...,
        ["estimators.binned_30", "lacks method"],
    ),
    "no such method": (
        "estimators/binned_30/method",
        "bined",
        ["estimators.binned_30.method", "did you mean 'binned'"],
    ),
    "measurement of nothing": (
        "measurements/binned_30/estimators",
        ...,
        ["measurements.binned_30", "either estimators or a measure"],
    ),
    "measurement of estimators and of something else": (
        "measurements/binned_30/measure",
        "clustering",
        ["measurements.binned_30", "either estimators or a measure"],
    ),
    "scales without 1": (
        "measurements/rescaled/scales",
        [0.5, 2.0],
        ["measurements.rescaled", "1 among them", "[0.5, 2.0]"],
    ),
    "rescaled by no estimator": (
        "measurements/rescaled/estimators",
        ["binned_31_global"],
        ["measurements.rescaled.estimators", "did you mean 'binned_30_global'"],
    ),
    "rescaled networks that round": (
        "measurements/rescaled/runs",
        ["lorenzen_8_relu"],
        ["measurements.rescaled.runs", "lorenzen_8_relu", "rounding"],
    ),
    "jitter without size": (
        "measurements/differential_entropy/jitter_variances",
        [0.0],
        ["measurements.differential_entropy", "jitter_variances", "0.0"],
    ),
    "histogram of one bin": (
        "measurements/activation_histograms/bins",
        1,
        ["measurements.activation_histograms", "bins", "at least 2"],
    ),
    "units matched across convolutions": (
        "measurements/weight_correlation/runs",
        ["digits_convolutional"],
        ["measurements.weight_correlation.runs", "digits_convolutional", "dense"],
    ),
    "batch larger than its samples": (
        "models/scalar_chain/batch_size",
        201,
        ["models.scalar_chain.batch_size", "at most samples 200, not 201"],
    ),
    "column of verdicts of no run or model": (
        "figures/infoplane_scorecard/conditions/linear",
        ["saxe_linaer"],
        ["figures.infoplane_scorecard.conditions.linear", "did you mean 'saxe_linear'"],
    ),
    "figure of what was not rescaled": (
        "figures/infoplane_rescaling/estimators",
        {"bins": "binned_30"},
        ["figures.infoplane_rescaling", "'binned_30'", "binned_30_global"],
    ),
    "measurement by no estimator": (
        "measurements/binned_30/estimators",
        ["binned_31"],
        ["measurements.binned_30.estimators", "did you mean 'binned_30'"],
    ),
    "no such measure": (
        "measurements/clustering/measure",
        "clusterign",
        ["measurements.clustering.measure", "did you mean 'clustering'"],
    ),
    "measure of layers without their estimators": (
        "measurements/clustering/measure",
        "layers",
        ["measurements.clustering.measure", "'layers'"],
    ),
    "parameter of another measure": (
        "measurements/clustering/samples",
        400,
        ["measurements.clustering", "'samples'"],
    ),
    "parameter beside estimators": (
        "measurements/binned_30/bins",
        30,
        ["measurements.binned_30.bins", "allowed: estimators, runs, except, initialisations"],
    ),
    "no patterns are held out": (
        "runs/szt_tanh/training_fraction",
        1.0,
        ["measurements.held_out.evaluation", "'szt_tanh'", "no test set"],
    ),
    "saturation of units that have no ends": (
        "measurements/saturation/runs",
        ["szt_tanh", "saxe_tanh", "saxe_relu"],
        ["measurements.saturation.runs", "'saxe_relu'", "between -1 and 1", "tanh", "not relu"],
    ),
    "units without weights": (
        "runs/saxe_tanh_unsaturated/largest_weight_norm",
        0,
        ["runs.saxe_tanh_unsaturated.largest_weight_norm", "value 0", "above 0"],
    ),
    "misspelt limit of weights": (
        "runs/saxe_tanh_unsaturated/largest_weights_norm",
        1.0,
        ["runs.saxe_tanh_unsaturated", "did you mean 'largest_weight_norm'"],
    ),
    "saturation beyond the ends": (
        "measurements/saturation/threshold",
        1.5,
        ["measurements.saturation", "threshold must lie between 0 and 1, not 1.5"],
    ),
    "several networks on test sets of their own": (
        "measurements/multi_network_30/evaluation",
        "test",
        ["measurements.multi_network_30.evaluation", "allowed: all"],
    ),
    "unknown evaluation": (
        "measurements/binned_30/evaluation",
        "tset",
        ["measurements.binned_30.evaluation", "did you mean 'test'", "all, train, test"],
    ),
    "test set of a run without one": (
        "runs/saxe_relu",
        {"protocol": "saxe", "activation": "relu", "training_fraction": 1},
        ["measurements.binned_30_end_bins.evaluation", "'saxe_relu'", "no test set"],
    ),
    "measurement of no run": (
        "measurements/binned_30/runs",
        ["szt_tahn"],
        ["measurements.binned_30.runs", "did you mean 'szt_tanh'"],
    ),
    "gradients of a noisy network": (
        "measurements/gradients/runs",
        ["szt_tanh", "szt_noisy_tanh"],
        ["measurements.gradients.runs", "'szt_noisy_tanh'", "plain"],
    ),
    "net inputs of a network that does not tell them": (
        "measurements/tanh_choices/runs",
        ["szt_tanh", "digits_convolutional"],
        ["measurements.tanh_choices.runs", "'digits_convolutional'", "net inputs"],
    ),
    "a range of net inputs, beyond which they would be one": (
        "estimators/net_input_0.6",
        {"method": "net_input", "bins": 30, "range": [-9.0, 9.0]},
        ["estimators.net_input_0.6", "takes no range"],
    ),
    "noise of a network that has none": (
        "measurements/propagated/runs",
        ["szt_tanh"],
        ["measurements.propagated.runs", "'szt_tanh'", "noise"],
    ),
    "count of a network that is not quantised": (
        "measurements/exact/runs",
        ["szt_tanh"],
        ["measurements.exact.runs", "'szt_tanh'", "quantised"],
    ),
    "two measurements of one estimator": (
        "measurements/again",
        {"estimators": ["binned_30"], "runs": ["szt_tanh"]},
        ["measurements.again", "'binned_30'", "'szt_tanh'"],
    ),
    "figure of no dependence": (
        "figures/infoplane_dependence/dependence",
        "binned_30_global",
        ["figures.infoplane_dependence", "'binned_30_global'", "hsic_400"],
    ),
    "dependence in place of information": (
        "figures/infoplane_dependence/estimator",
        "hsic_400",
        ["figures.infoplane_dependence", "'hsic_400'", "binned_30_global"],
    ),
    "figure whose run lacks a table": (
        "measurements/gradients/runs",
        ["saxe_tanh"],
        ["figures.saxe_20", "'saxe_relu'", "gradients"],
    ),
    "figure of no drawing": (
        "figures/saxe_5/drawing",
        "plains",
        ["figures.saxe_5.drawing", "did you mean 'planes'"],
    ),
    "figure of no paper": (
        "figures/saxe_5/paper",
        "sax",
        ["figures.saxe_5.paper", "did you mean 'saxe'"],
    ),
    "figure without what its drawing needs": (
        "figures/saxe_20/definition",
        ...,
        ["figures.saxe_20", "lacks definition", "'signal_to_noise'"],
    ),
    "key of another drawing": (
        "figures/saxe_20/layer",
        3,
        ["figures.saxe_20.layer", "unknown key 'layer'", "definition"],
    ),
    "figure by an estimator that nobody has": (
        "figures/infoplane_generalisation/estimators/100 bins over all values",
        "binned_99_global",
        ["figures.infoplane_generalisation", "'binned_99_global'", "binned_100_global"],
    ),
    "pool of runs that nobody has": (
        "claims/C19/judged_on/0/pools",
        [["szt_tanhh", "saxe_tanh"]],
        ["claims.C19", "'szt_tanhh'"],
    ),
    "pool that is no list": (
        "claims/C19/judged_on/0/pools",
        ["szt_tanh"],
        ["claims.C19.judged_on.0.pools.0", "szt_tanh"],
    ),
    "pool of a statistic that takes none": (
        "claims/C03/judged_on",
        [{"pools": [["szt_tanh", "saxe_tanh"]], "estimators": ["binned_30"]}],
        ["claims.C03", "runs", "pools"],
    ),
    "claim by several networks on single ones": (
        "claims/C01/judged_on/0/estimators",
        ["multi_network_30"],
        ["claims.C01", "'multi_network_30'"],
    ),
    "no such rule": (
        "tasks/szt_hard/rule",
        "icosahedro",
        ["tasks.szt_hard.rule", "did you mean 'icosahedron'", "committee"],
    ),
    "task without rule": ("tasks/szt_hard/rule", ..., ["tasks.szt_hard", "lacks rule"]),
    "parameter of another rule": (
        "tasks/szt_hard/weak_rules",
        5,
        ["tasks.szt_hard", "'weak_rules'", "degree_weights"],
    ),
    "committee that can tie": (
        "tasks/committee",
        {"rule": "committee", "weak_rules": 4, "seed": 1},
        ["tasks.committee", "weak_rules", "4"],
    ),
    "committee of nobody": (
        "tasks/committee",
        {"rule": "committee", "weak_rules": 0, "seed": 1},
        ["tasks.committee.weak_rules", "0"],
    ),
    "random labels without a seed": (
        "tasks/random_labels/seed",
        ...,
        ["tasks.random_labels", "'random_labels' lacks seed"],
    ),
    "task that does not fit a network's input": (
        "runs/szt_tanh/widths",
        [11, 4, 2],
        ["runs.szt_tanh", "11", "12"],
    ),
    "task that does not fit a network's classes": (
        "runs/szt_tanh/widths",
        [12, 4, 3],
        ["runs.szt_tanh", "3", "2"],
    ),
    "no such network": (
        "runs/szt_tanh/network",
        "dence",
        ["runs.szt_tanh.network", "did you mean 'dense'", "quantised"],
    ),
    "parameter of another network": (
        "runs/szt_tanh/quantisation_bits",
        4,
        ["runs.szt_tanh", "quantisation_bits", "'dense'", "widths"],
    ),
    "no such protocol": (
        "runs/szt_tanh/protocol",
        "stz",
        ["runs.szt_tanh.protocol", "'stz'", "did you mean 'szt'", "allowed: szt, szt_series, saxe"],
    ),
    "run without protocol": ("runs/szt_tanh/protocol", ..., ["runs.szt_tanh", "lacks protocol"]),
    "no such task": ("defaults/task", "mnist", ["defaults.task", "'mnist'", "szt_hard"]),
    "setting that nobody gives": ("defaults/widths", ..., ["runs.szt_tanh", "widths"]),
    "seed without sharpness": ("tasks/szt_hard/seed", 1, ["tasks.szt_hard", "sharpness"]),
    "batch of words": ("protocols/szt/batch_size", "half", ["batch_size", "'half'", "'full'"]),
    "engine": ("compute/engine", "jax", ["compute.engine", "'jax'", "auto, fused, torch"]),
    "device": ("compute/device", "tpu", ["compute.device", "'tpu'", "auto, cpu, cuda"]),
    "claim of no statistic": (
        "claims/C01/statistic",
        "trajectroy",
        ["claims.C01", "'trajectroy'", "trajectory"],
    ),
    "claim on no run": (
        "claims/C01/judged_on/0/runs",
        ["szt_tahn"],
        ["claims.C01", "'szt_tahn'", "szt_tanh"],
    ),
    "claim by no estimator": (
        "claims/C01/judged_on/0/estimators",
        ["binned_31"],
        ["claims.C01", "'binned_31'", "binned_30"],
    ),
    "claim on gradients that nobody measures": (
        "measurements/gradients/runs",
        ["saxe_tanh", "saxe_relu"],
        ["claims.C06", "'szt_tanh'", "gradients"],
    ),
    "claim that nobody makes": ("claims/C01/side", ..., ["claims.C01", "lacks side"]),
    "claim's direction": ("claims/C01/direction", "over", ["claims.C01.direction", "at_least"]),
    "events unlike any": (
        "claims/C06/parameters/events/lasting_share",
        1.5,
        ["claims.C06.parameters.events.lasting_share", "1.5", "at most 1"],
    ),
    "events without a window": (
        "claims/C06/parameters/events/window_decades",
        ...,
        ["claims.C06.parameters.events", "lacks window_decades"],
    ),
    "transitions of no claim": (
        "comparisons/gradients/claim",
        "C99",
        ["comparisons.gradients.claim", "'C99'", "C06"],
    ),
    "transitions of a claim without events": (
        "comparisons/gradients/claim",
        "C01",
        ["comparisons.gradients.claim", "'C01'", "C06, C07"],
    ),
    "figure of no run": (
        "figures/szt_2/runs",
        {"tanh": "szt_tahn"},
        ["figures.szt_2.runs.tanh", "did you mean 'szt_tanh'"],
    ),
    "figure by no estimator": (
        "figures/szt_2/estimator",
        "binned_31",
        ["figures.szt_2", "'binned_31'", "binned_30"],
    ),
    "comparison of no run": (
        "comparisons/activations/runs",
        ["saxe_rleu"],
        ["comparisons.activations.runs", "'saxe_rleu'", "saxe_relu"],
    ),
    "odd number of samples": ("audit/sizes", [256, 257], ["audit.sizes", "257"]),
    "limit of nothing": (
        "audit/most_samples",
        {"decoder": 1024},
        ["audit.most_samples", "decoder", "decoder_mlp"],
    ),
    "drops of no size": ("audit/drops/thresholds", [0.5, 0], ["audit.drops.thresholds", "0"]),
    "one draw of a drop": ("audit/drops/repetitions", 1, ["audit.drops.repetitions", "at least 2"]),
    "odd number of patterns": ("audit/drops/samples", 257, ["audit.drops.samples", "257"]),
    "one draw has no spread": ("audit/repetitions", 1, ["audit.repetitions", "1", "at least 2"]),
    "confidence": ("statistics/confidence", 95, ["statistics.confidence", "95", "below 1"]),
    "results outside": ("pathvars", {"results": "/"}, ["pathvars.results", "'/'"]),
    # Values that only a job would have found, or that none would.
    "rate that is no number": (
        "defaults/weight_decay",
        math.nan,
        ["defaults.weight_decay", "nan", "finite"],
    ),
    "even kernel of a protocol": (
        "protocols/convolutional/kernel_size",
        20,
        ["protocols.convolutional.kernel_size: of runs.digits_convolutional:", "odd, not 20"],
    ),
    "infinite rate": ("protocols/szt/learning_rate", math.inf, ["learning_rate", "inf", "finite"]),
    "confidence that is no number": (
        "statistics/confidence",
        math.nan,
        ["statistics.confidence", "nan", "finite"],
    ),
    "weights of a rule that are no numbers": (
        "tasks/szt_hard/degree_weights",
        [1.0, math.nan],
        ["tasks.szt_hard.degree_weights.1", "nan", "finite"],
    ),
    "infinite threshold": ("claims/C03/threshold", -math.inf, ["claims.C03.threshold", "-inf"]),
    "seed of more than 64 bits": ("defaults/seed", 2**70, ["defaults.seed", "at most 64 bits"]),
    "name that is a number": ("runs", {5: {"protocol": "szt"}}, ["runs.5", "5 is no text"]),
    "name with a line's end": (
        "runs",
        {"szt_tanh\n": {"protocol": "szt"}},
        ["runs.szt_tanh", "control character"],
    ),
    "date": ("papers/szt/name", date(2017, 3, 1), ["papers.szt.name", "is a date"]),
    "results above the repository": (
        "pathvars",
        {"results": "a/../../../evil"},
        ["pathvars.results", "without .."],
    ),
    "results among the code": ("pathvars", {"results": "src"}, ["pathvars.results", "own files"]),
    "results with a line's end": ("pathvars", {"results": "results\n"}, ["pathvars.results"]),
    "more snapshots than memory": (
        "runs/szt_tanh/snapshots",
        10**12,
        ["runs.szt_tanh", "snapshots 1000000000000", "7.28 TiB", "allowed: 64 GiB"],
    ),
    "epochs without end": (
        "runs/szt_tanh/epochs",
        10**12,
        ["runs.szt_tanh", "epochs 1000000000000", "days of one core", "allowed: 30"],
    ),
    "network without end": (
        "runs/saxe_softsign/widths",
        [12, 10**9, 2],
        ["runs.saxe_softsign", "TiB", "allowed: 64 GiB"],
    ),
    "batch larger than the task": (
        "runs/szt_tanh/batch_size",
        10**9,
        ["runs.szt_tanh", "batch_size 1000000000", "4096 patterns", "full"],
    ),
    "fraction of less than a pattern": (
        "runs/szt_tanh/training_fraction",
        1e-9,
        ["runs.szt_tanh", "training_fraction 1e-09", "4096 patterns", "at least 2"],
    ),
    "threshold that leaves one class": (
        "tasks/szt_hard/threshold",
        99.0,
        ["tasks.szt_hard", "single class", "threshold 99.0"],
    ),
    "resamples without end": (
        "statistics/resamples",
        10**12,
        ["statistics.resamples", "TiB of memory"],
    ),
    "audit of more samples than memory": (
        "audit/sizes",
        [10**8],
        ["audit.sizes", "100000000", "TiB of memory", "allowed: 64 GiB"],
    ),
    "drops of more samples than memory": (
        "audit/drops/samples",
        10**12,
        ["audit.drops.samples", "TiB of memory"],
    ),
    "layers of the audit without end": (
        "audit/dimensions",
        [10**12],
        ["audit.dimensions", "TiB of memory"],
    ),
    "bins without end": ("estimators/binned_30/bins", 10**9, ["estimators.binned_30.bins"]),
    "surrogates without end": (
        "claims/C06/parameters/events/surrogates",
        10**12,
        ["claims.C06.parameters.events.surrogates", "TiB of memory"],
    ),
    "audited as nothing": (
        "audit/audited_as/edge",
        ["nope"],
        ["audit.audited_as.edge", "gives 'nope'"],
    ),
    "group of no network": (
        "measurements/multi_network_30/networks",
        0,
        ["measurements.multi_network_30", "networks", "at least 1"],
    ),
    "figure's estimator of an unknown panel": (
        "figures/szt_2/estimator",
        {"nobody": "binned_30"},
        ["figures.szt_2.estimator", "'nobody'", "its runs are"],
    ),
    "layer that the compared runs lack": (
        "figures/infoplane_robustness/layer",
        99,
        ["figures.infoplane_robustness.layer", "value 99", "layers"],
    ),
    "claim on layers that its runs lack": (
        "claims/C04/parameters/layers",
        [99],
        ["claims.C04.parameters.layers", "layer 99", "1 to 6"],
    ),
    "claim by a quantity that is a number": (
        "claims/C03/parameters/quantity",
        7,
        ["claims.C03.parameters.quantity", "quantity must be str, not 7"],
    ),
    "variational weights free of charge": (
        "models/variational/betas",
        [0.0, 1.0],
        ["models.variational", "betas must be above 0, not 0.0"],
    ),
    "beta-VAE free of charge": (
        "models/beta_vae/betas",
        [0.0, 1.0],
        ["models.beta_vae", "betas must be above 0, not 0.0"],
    ),
    "information dropout free of charge": (
        "models/information_dropout_relu/betas",
        [0.0, 1.0],
        ["models.information_dropout_relu", "betas must be above 0, not 0.0"],
    ),
    "claim that pays for information": (
        "claims/C32/parameters/beta",
        -1.0,
        ["claims.C32.parameters.beta", "beta must be above 0, not -1.0"],
    ),
    "claim by information free of charge": (
        "claims/C32/parameters/beta",
        0,
        ["claims.C32.parameters.beta", "beta must be above 0, not 0"],
    ),
    "sample propagation of a plain run": (
        "measurements/propagated/runs",
        ["szt_tanh"],
        ["measurements.propagated.runs", "'szt_tanh'", "noisy network"],
    ),
}


# Keys of earlier versions, and the words that say what each is now.
MOVED = {
    "where an estimator measures": (
        "estimators/binned_30/runs",
        ["szt_tanh"],
        ["estimators.binned_30.runs", "measurements", "`estimators: [binned_30]`"],
    ),
    "networks of an estimator": ("estimators/edge/initialisations", 5, ["measurements"]),
    "snapshots of an estimator": ("estimators/edge/snapshots", 5, ["measurements"]),
    "estimators together": (
        "estimators/choices",
        {"together": {"edge_2": {"method": "edge"}}},
        ["estimators.choices.together", "measurements"],
    ),
    "varied parameter": (
        "estimators/binned_30/vary",
        {"bins": [8, 12]},
        ["estimators.binned_30.vary", "an estimator for each value"],
    ),
    "both bounds": (
        "estimators/kde_0.1_upper/bound",
        "both",
        ["estimators.kde_0.1_upper.bound", "one pass"],
    ),
    "HSIC as an estimator": (
        "estimators/hsic_400",
        {"method": "hsic"},
        ["estimators.hsic_400.method", "`measure: dependence`"],
    ),
    "several networks as an estimator": (
        "estimators/several",
        {"method": "multi_network"},
        ["estimators.several.method", "`measure: several_networks`"],
    ),
    "sample propagation as an estimator": (
        "estimators/propagated",
        {"method": "sample_propagation"},
        ["estimators.propagated.method", "`measure: noisy_propagation`"],
    ),
    "task of the icosahedron without its rule": (
        "tasks/szt_hard/rule",
        ...,
        ["tasks.szt_hard", "`rule: icosahedron`"],
    ),
    "comparison of estimators": (
        "comparisons/robustness",
        {"runs": ["saxe_tanh"]},
        ["comparisons.robustness", "comparisons.estimators"],
    ),
    "typed ceiling": ("figures/szt_2/ceiling_bits", 12.0, ["figures.szt_2.ceiling_bits", "task"]),
    "typed entropy": ("figures/szt_2/label_bits", 1.0, ["figures.szt_2.label_bits", "task"]),
    "typed entropy of a claim": (
        "claims/C03/parameters/relative_to_bits",
        1.0,
        ["claims.C03.parameters.relative_to_bits", "label_entropy"],
    ),
    "quantised run": (
        "runs/szt_tanh/quantisation_bits",
        4,
        ["quantisation_bits", "`network: quantised`"],
    ),
    "noisy run": (
        "runs/szt_tanh/noise_standard_deviation",
        0.1,
        ["noise_standard_deviation", "`network: noisy`"],
    ),
}
