// The posterior of GR4J (Perrin et al. 2003) given daily P, E and Q.
// It compiles under the name gr4j.stan with the C++ header gr4j_external.hpp.
functions {
  // log density of the observations, given the numbers of the error model; the C++ header defines
  // it, with GR4J and its adjoint
  real gr4j_log_likelihood(vector observed, array[] int obs_day, vector errors, vector P, vector E,
                           real x1, real x2, real x3, real x4, real S0, real R0);
}
data {
  int<lower=1> T; // days
  vector<lower=0>[T] P; // precipitation [mm/d]
  vector<lower=0>[T] E; // potential evapotranspiration [mm/d]
  int<lower=0> N; // days with an observation that counts
  array[N] int<lower=1, upper=T> obs_day; // these days, counted from 1
  vector[N] Q_obs; // streamflow observed on them [mm/d]

  // bounds of the parameters
  real<lower=0> x1_lower; // [mm]
  real<lower=x1_lower> x1_upper;
  real x2_lower; // [mm/d]
  real<lower=x2_lower> x2_upper;
  real<lower=0> x3_lower; // [mm]
  real<lower=x3_lower> x3_upper;
  real<lower=0.5> x4_lower; // [d]
  real<lower=x4_lower> x4_upper;

  // bounds of the initial stores [mm]
  real<lower=0> S0_lower;
  real<lower=S0_lower> S0_upper;
  real<lower=0> R0_lower;
  real<lower=R0_lower> R0_upper;

  real<lower=0> sigma; // standard deviation of the errors [mm/d]
}
parameters {
  real<lower=x1_lower, upper=x1_upper> x1; // capacity of the production store [mm]
  real<lower=x2_lower, upper=x2_upper> x2; // groundwater exchange coefficient [mm/d]
  real<lower=x3_lower, upper=x3_upper> x3; // capacity of the routing store [mm]
  real<lower=x4_lower, upper=x4_upper> x4; // time base of the unit hydrograph UH1 [d]
  real<lower=S0_lower, upper=S0_upper> S0; // production store before the first day [mm]
  real<lower=R0_lower, upper=R0_upper> R0; // routing store before the first day [mm]
}
model {
  vector[1] errors = [sigma]';
  target += gr4j_log_likelihood(Q_obs, obs_day, errors, P, E, x1, x2, x3, x4, S0, R0);
}
