// The C++ of boxcox.stan.j2: independent Gaussian errors of the flow's Box-Cox transform
// z(q) = (q^lambda - 1) / lambda, with days without flow censored.
#include <cmath>

namespace gr4j {

// Log of the standard normal distribution function, and its derivative. Far in the lower tail it is
// the density over Laplace's continued fraction (Abramowitz and Stegun 1964, 26.2.14).
inline double log_normal_cdf(double u, double& slope) {
  const double log_sqrt_2pi = 0.91893853320467274178, sqrt_half = 0.70710678118654752440;
  if (u > -8) {
    const double upper = 0.5 * std::erfc(std::fabs(u) * sqrt_half);
    slope = std::exp(-0.5 * u * u - log_sqrt_2pi) / (u > 0 ? 1 - upper : upper);
    return u > 0 ? std::log1p(-upper) : std::log(upper);
  }
  double fraction = -u;
  for (int k = 16; k > 0; --k) fraction = -u + k / fraction;
  slope = fraction;
  return -0.5 * u * u - log_sqrt_2pi - std::log(fraction);
}

// Log density of the transformed observations z on n days, and its derivatives. A day without flow
// has -infinity for z. Q_adjoint, zero on entry, gets those with respect to the flows; days count
// from 1. errors: sigma, lambda; lambda is a constant.
inline double log_likelihood(int n, const int* day, const double* z, const double* Q,
                             const double* errors, double* Q_adjoint, double* errors_adjoint) {
  const double sigma = errors[0], lambda = errors[1];
  const double inverse_lambda = 1 / lambda, inverse_sigma = 1 / sigma;
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
      const double u = -power * inverse_lambda * inverse_sigma;
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
  errors_adjoint[1] = 0;
  return -0.5 * squares - n_flowing * (std::log(sigma) + 0.91893853320467274178) + censored;
}

}  // namespace gr4j
