// The C++ of boxcox.stan.j2: independent Gaussian errors of the flow's Box-Cox transform
// z(q) = (q^lambda - 1) / lambda, with days at or below the limit censored.
#include <cmath>

namespace gr4j {

// Log density of the transformed observations z on n days, and its derivatives. A censored day
// has -infinity for z. Q_adjoint, zero on entry, gets those with respect to the flows; days count
// from 1. errors: sigma, and the constants lambda and limit.
inline double log_likelihood(int n, const int* day, const double* z, const double* Q,
                             const double* errors, double* Q_adjoint, double* errors_adjoint) {
  const double sigma = errors[0], lambda = errors[1];
  const double inverse_lambda = 1 / lambda, inverse_sigma = 1 / sigma;
  const double bound = errors[2] > 0 ? std::exp(lambda * std::log(errors[2])) : 0;
  double squares = 0, censored = 0, d_sigma = 0;
  int n_flowing = 0;
  for (int i = 0; i < n; ++i) {
    const double flow = Q[day[i] - 1];
    double power = 0, slope = 0;  // q^lambda and z'(q)
    if (flow != 0) {
      power = std::exp(lambda * std::log(flow));
      slope = power / flow;
    }
    if (std::isinf(z[i])) {
      double d_u;
      const double u = (bound - power) * inverse_lambda * inverse_sigma;
      censored += log_normal_cdf(u, d_u);
      d_sigma -= d_u * u;
      Q_adjoint[day[i] - 1] = -d_u * inverse_sigma * slope;
    } else {
      const double score = (z[i] - (power - 1) * inverse_lambda) * inverse_sigma;
      squares += score * score;
      ++n_flowing;
      Q_adjoint[day[i] - 1] = score * inverse_sigma * slope;
    }
  }
  errors_adjoint[0] = (squares - n_flowing + d_sigma) * inverse_sigma;
  errors_adjoint[1] = errors_adjoint[2] = 0;
  return -0.5 * squares - n_flowing * (std::log(sigma) + 0.91893853320467274178) + censored;
}

}  // namespace gr4j
