// The C++ of boxcox_lambda.stan.j2: as boxcox.hpp, with derivatives with respect to lambda.
#include <cmath>

namespace gr4j {

// q^lambda, and that times log q: the parts of z(q) = (q^lambda - 1) / lambda that depend on q, and
// of its derivative with respect to lambda.
struct boxcox_power {
  double power = 0, power_log = 0, log_q = 0;
  boxcox_power(double q, double lambda) {
    if (q == 0) return;
    log_q = std::log(q);
    power = std::exp(lambda * log_q);
    power_log = power * log_q;
  }
};

// Log density of the observations y on n days, and its derivatives. A censored day has -infinity
// for y. Q_adjoint, zero on entry, gets those with respect to the flows; days count from 1. errors:
// sigma, lambda, and the constant limit.
inline double log_likelihood(int n, const int* day, const double* y, const double* Q,
                             const double* errors, double* Q_adjoint, double* errors_adjoint) {
  const double sigma = errors[0], lambda = errors[1];
  const double inverse_lambda = 1 / lambda, inverse_sigma = 1 / sigma;
  const boxcox_power limit(errors[2], lambda);
  double value = 0, d_sigma = 0, d_lambda = 0;
  int n_flowing = 0;
  for (int i = 0; i < n; ++i) {
    const bool censored = std::isinf(y[i]);
    const double flow = Q[day[i] - 1];
    const boxcox_power simulated(flow, lambda);
    const boxcox_power observed = censored ? limit : boxcox_power(y[i], lambda);
    const double difference = (observed.power - simulated.power) * inverse_lambda;
    const double score = difference * inverse_sigma;
    double d_score = -score;
    if (censored) {
      value += log_normal_cdf(score, d_score);
    } else {
      value += -0.5 * score * score + (lambda - 1) * observed.log_q;
      d_lambda += observed.log_q;
      ++n_flowing;
    }
    const double slope = flow == 0 ? 0 : simulated.power / flow;
    Q_adjoint[day[i] - 1] = -d_score * inverse_sigma * slope;
    d_sigma -= d_score * score;
    d_lambda += d_score * inverse_sigma * inverse_lambda *
                (observed.power_log - simulated.power_log - difference);
  }
  errors_adjoint[0] = (d_sigma - n_flowing) * inverse_sigma;
  errors_adjoint[1] = d_lambda;
  errors_adjoint[2] = 0;
  return value - n_flowing * (std::log(sigma) + 0.91893853320467274178);
}

}  // namespace gr4j
