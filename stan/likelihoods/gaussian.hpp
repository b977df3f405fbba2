// The C++ of gaussian.stan.j2: independent Gaussian errors with standard deviation sigma.
#include <cmath>

namespace gr4j {

// Log density of the observations y on n days, and its derivatives. A censored day has -infinity
// for y. Q_adjoint, zero on entry, gets those with respect to the flows; days count from 1. errors:
// sigma, and the constant limit.
inline double log_likelihood(int n, const int* day, const double* y, const double* Q,
                             const double* errors, double* Q_adjoint, double* errors_adjoint) {
  const double sigma = errors[0], limit = errors[1];
  const double precision = 1 / (sigma * sigma);
  double squares = 0, censored = 0, d_sigma = 0;
  int n_flowing = 0;
  for (int i = 0; i < n; ++i) {
    if (std::isinf(y[i])) {
      double d_u;
      const double u = (limit - Q[day[i] - 1]) / sigma;
      censored += log_normal_cdf(u, d_u);
      d_sigma -= d_u * u;
      Q_adjoint[day[i] - 1] = -d_u / sigma;
      continue;
    }
    const double residual = y[i] - Q[day[i] - 1];
    squares += residual * residual;
    ++n_flowing;
    Q_adjoint[day[i] - 1] = residual * precision;
  }
  errors_adjoint[0] = (squares * precision - n_flowing + d_sigma) / sigma;
  errors_adjoint[1] = 0;
  return -0.5 * squares * precision - n_flowing * (std::log(sigma) + 0.91893853320467274178) +
         censored;
}

}  // namespace gr4j
