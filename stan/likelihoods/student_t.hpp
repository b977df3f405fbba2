// The C++ of student_t.stan.j2: independent errors of Student's t distribution.
#include <cmath>

namespace gr4j {

// Derivative of the log of the gamma function at x > 0: its recurrence up to where five terms of
// the asymptotic series (Abramowitz and Stegun 1964, 6.3.18) are exact to rounding.
inline double digamma(double x) {
  double below = 0;
  for (; x < 20; x += 1) below += 1 / x;
  const double w = 1 / (x * x);
  const double series =
      w * (1. / 12 - w * (1. / 120 - w * (1. / 252 - w * (1. / 240 - w * (1. / 132)))));
  return std::log(x) - 0.5 / x - series - below;
}

// Log of the distribution function of Student's t with nu degrees of freedom at x, and its
// derivatives. With t = |x| and the density f, the probability between 0 and t is a series, and
// that beyond t, far out, a continued fraction (Abramowitz and Stegun 1964, 15.3.4 and 26.5.8);
// both are differentiated term by term.
inline double log_student_cdf(double x, double nu, double& d_x, double& d_nu) {
  const double t = std::fabs(x), square = t * t, Y = square / (nu + square), half = 0.5 * (nu + 1);
  const double log_f = std::lgamma(half) - std::lgamma(0.5 * nu) -
                       0.5 * (std::log(nu) + 1.14472988584940017414) -
                       half * std::log1p(square / nu);
  const double d_log_f =
      0.5 * (digamma(half) - digamma(0.5 * nu) - 1 / nu - std::log1p(square / nu)) + half * Y / nu;
  const double tf = t * std::exp(log_f);
  if (Y <= 0.5 && square <= 9) {
    const double d_log_Y = -1 / (nu + square);
    double term = 1, d_log_term = 0, sum = 1, d_sum = 0;
    for (int k = 1; term > 1e-17 * sum; ++k) {
      term *= (half + k - 1) / (k + 0.5) * Y;
      d_log_term += 0.5 / (half + k - 1) + d_log_Y;
      sum += term;
      d_sum += term * d_log_term;
    }
    const double side = x > 0 ? 1 : -1, probability = 0.5 + side * tf * sum;
    d_x = std::exp(log_f) / probability;
    d_nu = side * tf * (d_log_f * sum + d_sum) / probability;
    return std::log(probability);
  }
  const double a = 0.5 * nu, X = nu / (nu + square), d_log_X = Y / nu;
  double h = 1, d_h = 0;
  for (int k = 80; k > 0; --k) {
    const int m = k / 2;
    double d, d_log_d;
    if (k % 2) {
      d = -(a + m) * (a + 0.5 + m) * X / ((a + 2 * m) * (a + 2 * m + 1));
      d_log_d = 0.5 * (1 / (a + m) + 1 / (a + 0.5 + m) - 1 / (a + 2 * m) - 1 / (a + 2 * m + 1));
    } else {
      d = m * (0.5 - m) * X / ((a + 2 * m - 1) * (a + 2 * m));
      d_log_d = -0.5 * (1 / (a + 2 * m - 1) + 1 / (a + 2 * m));
    }
    d_h = (d_log_d + d_log_X - d_h / h) * d / h;
    h = 1 + d / h;
  }
  const double log_tail = log_f + std::log(t / (nu * h));
  const double d_log_tail = d_log_f - 1 / nu - d_h / h;
  if (x < 0) {
    d_x = nu * h / t;
    d_nu = d_log_tail;
    return log_tail;
  }
  const double tail = std::exp(log_tail);
  d_x = std::exp(log_f) / (1 - tail);
  d_nu = -tail * d_log_tail / (1 - tail);
  return std::log1p(-tail);
}

// Log density of the observations y on n days, and its derivatives. A censored day has -infinity
// for y. Q_adjoint, zero on entry, gets those with respect to the flows; days count from 1. errors:
// sigma, nu, and the constant limit.
inline double log_likelihood(int n, const int* day, const double* y, const double* Q,
                             const double* errors, double* Q_adjoint, double* errors_adjoint) {
  const double sigma = errors[0], nu = errors[1], limit = errors[2];
  const double half = 0.5 * (nu + 1), scale = 1 / (nu * sigma * sigma);
  double logs = 0, shares = 0, censored = 0, d_sigma = 0, d_nu = 0;
  int n_flowing = 0;
  for (int i = 0; i < n; ++i) {
    if (std::isinf(y[i])) {
      double d_x, d_nu_day;
      const double x = (limit - Q[day[i] - 1]) / sigma;
      censored += log_student_cdf(x, nu, d_x, d_nu_day);
      d_sigma -= d_x * x;
      d_nu += d_nu_day;
      Q_adjoint[day[i] - 1] = -d_x / sigma;
      continue;
    }
    const double residual = y[i] - Q[day[i] - 1];
    ++n_flowing;
    const double square = residual * residual * scale, weight = 1 / (1 + square);
    logs += std::log(1 + square);
    shares += square * weight;
    Q_adjoint[day[i] - 1] = 2 * half * scale * residual * weight;
  }
  errors_adjoint[0] = (2 * half * shares - n_flowing + d_sigma) / sigma;
  errors_adjoint[1] = 0.5 * (n_flowing * (digamma(half) - digamma(0.5 * nu) - 1 / nu) - logs) +
                      half * shares / nu + d_nu;
  errors_adjoint[2] = 0;
  const double log_pi = 1.14472988584940017414;
  return n_flowing * (std::lgamma(half) - std::lgamma(0.5 * nu) - 0.5 * (std::log(nu) + log_pi) -
                      std::log(sigma)) -
         half * logs + censored;
}

}  // namespace gr4j
