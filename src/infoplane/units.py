"""Units of information: bits everywhere inside the project, nats only at this border."""

import math

BITS_PER_NAT = 1.0 / math.log(2.0)
