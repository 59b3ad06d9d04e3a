// Syntax and verification of the attributes.
// RUN: qsat-opt %s -verify-diagnostics -split-input-file

// expected-error @+1 {{expected causal, lookahead, offset, window or sinks, but got 'windw'}}
module attributes {test.a = #qsat.mask<windw = 3>} {}

// -----

// expected-error @+1 {{'causal' is given twice}}
module attributes {test.a = #qsat.mask<causal, causal>} {}

// -----

// expected-error @+1 {{'causal' is given twice}}
module attributes {test.a = #qsat.mask<lookahead = 2, causal>} {}

// -----

// expected-error @+1 {{'window' is given twice}}
module attributes {test.a = #qsat.mask<window = 2, window = 2>} {}

// -----

// expected-error @+1 {{expected '='}}
module attributes {test.a = #qsat.mask<window>} {}

// -----

// expected-error @+1 {{expected integer value}}
module attributes {test.a = #qsat.mask<window = wide>} {}

// -----

// expected-error @+1 {{integer value too large}}
module attributes {test.a = #qsat.mask<window = 99999999999999999999>} {}

// -----

// expected-error @+1 {{expected valid keyword}}
module attributes {test.a = #qsat.mask<3>} {}

// -----

// expected-error @+1 {{expected '<'}}
module attributes {test.a = #qsat.mask} {}

// -----

// expected-error @+1 {{expected lookahead >= 0, but got -1}}
module attributes {test.a = #qsat.mask<lookahead = -1>} {}

// -----

// expected-error @+1 {{expected window >= 0, but got -5}}
module attributes {test.a = #qsat.mask<window = -5>} {}

// -----

// expected-error @+1 {{expected sinks >= 0, but got -4}}
module attributes {test.a = #qsat.mask<window = 8, sinks = -4>} {}

// -----

// expected-error @+1 {{expected a window beside sinks: without one every early key is visible}}
module attributes {test.a = #qsat.mask<causal, sinks = 4>} {}

// -----

// expected-error @+1 {{expected numbers of at most 2^48 in magnitude, but got 9223372036854775807}}
module attributes {test.a = #qsat.mask<causal, offset = 9223372036854775807>} {}

// -----

// expected-error @+1 {{expected born, full, rounds, optimal or fixed_point, but got 'best'}}
module attributes {test.a = #qsat.amplification<best>} {}

// -----

// expected-error @+1 {{expected '='}}
module attributes {test.a = #qsat.amplification<rounds>} {}

// -----

// expected-error @+1 {{expected '>'}}
module attributes {test.a = #qsat.amplification<born = 1>} {}

// -----

// expected-error @+1 {{expected 0 <= rounds < 2^31, and only with 'rounds', but got -1}}
module attributes {test.a = #qsat.amplification<rounds = -1>} {}

// -----

// expected-error @+1 {{expected 0 <= rounds < 2^31, and only with 'rounds', but got 4611686018427387904}}
module attributes {test.a = #qsat.amplification<rounds = 4611686018427387904>} {}

// -----

// expected-error @+1 {{expected 0 < delta < 1, and only with 'fixed_point', but got 1.000000e+00}}
module attributes {test.a = #qsat.amplification<fixed_point = 1.0>} {}

// -----

// expected-error @+1 {{expected 0 < delta < 1, and only with 'fixed_point', but got 0.000000e+00}}
module attributes {test.a = #qsat.amplification<fixed_point = 0.0>} {}

// -----

// expected-error @+1 {{expected 0 < delta < 1, and only with 'fixed_point', but got nan}}
module attributes {test.a = #qsat.amplification<fixed_point = 0x7FF8000000000000>} {}

// -----

// expected-error @+2 {{expected ::qsat::Estimator to be one of: exact, pooled, centroid, d2, antidiagonal, rows, cascade}}
// expected-error @+1 {{failed to parse Qsat_EstimatorAttr parameter 'value' which is to be a `::qsat::Estimator`}}
module attributes {test.a = #qsat.estimator<guess>} {}

// -----

// expected-error @+2 {{expected ::qsat::Policy to be one of: threshold, top_k, logit_threshold, relative_threshold, mass, budget, residual, heavy_hitter, measure}}
// expected-error @+1 {{failed to parse Qsat_PolicyAttr parameter 'value' which is to be a `::qsat::Policy`}}
module attributes {test.a = #qsat.policy<best>} {}

// -----

// expected-error @+1 {{unknown attribute `maks` in dialect `qsat`}}
module attributes {test.a = #qsat.maks<causal>} {}

// -----

// expected-error @+1 {{dialect 'qsat' provides no type parsing hook}}
func.func private @f(!qsat.qubit)
