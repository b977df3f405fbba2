// GR4J and its adjoint in plain double precision.
//
// Levels are relative to the capacities, s = S / x1 and r = R / x3. With n = P - E, and
// T = tanh(|n| / x1), C = (9/4)^4, f = (x2 / x3) r^3.5, one day does:
//
//   rain         s' = (s + T) / (1 + s T)                if n >= 0
//   evaporation  s' = s (1 - T) / (1 + (1 - s) T)        else
//   percolation  s+ = k s',  k = (1 + s'^4 / C)^(-1/4)
//   effective    pr = n + x1 (s - s+) with rain, x1 (s' - s+) with evaporation
//   hydrographs  q9_t = 0.9 sum_j u1_j pr_(t-j),  q1_t = 0.1 sum_j u2_j pr_(t-j)
//   routing      r' = max(0, r + q9 / x3 + f),  r+ = m r',  m = (1 + r'^4)^(-1/4)
//   flow         Q = x3 (r' - r+) + max(0, q1 + x3 f)
//
// The forms of s' are those of Perrin et al. (2003) divided by x1 and, with rain, written as the
// addition theorem of tanh, which they are. The recurrences of s and r are what takes the time:
// everything else is kept off their path, and the days' partial derivatives, which the backward
// sweep needs, are computed in their shadow.
#include <cmath>
#include <type_traits>
#include <vector>

namespace gr4j {

struct parameters {
  double x1, x2, x3, x4, S0, R0;
};

// Ordinates of a unit hydrograph and their derivatives with respect to x4: differences of an
// S-curve at days 1, 2, ..., n, on the last of which it has reached 1.
struct hydrograph {
  std::vector<double> share, slope;

  template <typename Curve>
  hydrograph(int n, double scale, const Curve& curve) : share(n), slope(n) {
    double value_before = 0, slope_before = 0;
    for (int j = 0; j < n; ++j) {
      double value = 1, d_x4 = 0;
      if (j + 1 < n) curve(j + 1.0, value, d_x4);
      share[j] = scale * (value - value_before);
      slope[j] = scale * (d_x4 - slope_before);
      value_before = value;
      slope_before = d_x4;
    }
  }

  int size() const { return static_cast<int>(share.size()); }
};

// S-curve (t / x4)^2.5, and its 90 % of the water.
inline hydrograph uh1(double x4) {
  return {static_cast<int>(std::ceil(x4)), 0.9, [x4](double day, double& value, double& d_x4) {
            double age = day / x4;
            value = age * age * std::sqrt(age);
            d_x4 = -2.5 * value / x4;
          }};
}

// S-curve 0.5 (t / x4)^2.5 up to x4, then 1 - 0.5 (2 - t / x4)^2.5 up to 2 x4, and its 10 % of
// the water. It has twice the ordinates of UH1, the last of which may be 0.
inline hydrograph uh2(double x4) {
  return {2 * static_cast<int>(std::ceil(x4)), 0.1,
          [x4](double day, double& value, double& d_x4) {
            double age = day / x4;
            if (age < 1) {
              value = 0.5 * age * age * std::sqrt(age);
              d_x4 = -2.5 * value / x4;
            } else if (age < 2) {
              double rest = 2 - age, power = rest * std::sqrt(rest);
              value = 1 - 0.5 * rest * power;
              d_x4 = -1.25 * power * age / x4;
            }
          }};
}

// tanh of z >= 0, by its continued fraction where seven terms are exact to rounding.
inline double tanh_positive(double z) {
  if (z < 0.5) {
    double w = z * z;
    return z * (135135 + w * (17325 + w * (378 + w))) /
           (135135 + w * (62370 + w * (3150 + w * 28)));
  }
  return 1 - 2 / (std::exp(2 * z) + 1);
}

// (1 + u)^(-1/4), by its series where ten terms are exact to rounding; percolation of a store
// that is not overfilled has u <= 0.04.
inline double percolation_factor(double u) {
  if (u > 0.04) return 1 / std::sqrt(std::sqrt(1 + u));
  double u2 = u * u, u4 = u2 * u2;
  double low = (1 - u / 4) + u2 * (5. / 32 - u * (15. / 128));
  double middle = (195. / 2048 - u * (663. / 8192)) + u2 * (4641. / 65536 - u * (16575. / 262144));
  double high = 480675. / 8388608 - u * (1762475. / 33554432) + u2 * (13042315. / 268435456);
  return low + u4 * (middle + u4 * high);
}

// What the backward sweep needs of a day.
struct day {
  double dry;        // 1 with evaporation, 0 with rain
  double ds_ds;      // d s' / d s
  double ds_dx1;     // d s' / d x1, by way of T
  double k5;         // d s+ / d s' = k^5
  double store_open; // 0 if max(0, .) cuts r' off, else 1: at 0 the slope upward
  double direct_open;// the same for q1 + x3 f
  double m5;         // d r+ / d r' = m^5
  double power;      // r^3.5
  double df_dr;      // d f / d r
  double inflow;     // q9 / x3
  double dQ_dx3;     // of Q itself: r' - r+, and f where the direct branch is open
};

// Calls work with the number of ordinates of UH1 as a constant, where it is usual, so that the
// sums over ordinates are unrolled; otherwise with 0.
template <typename Work>
void with_ordinates(int n, const Work& work) {
  switch (n) {
    case 1: return work(std::integral_constant<int, 1>());
    case 2: return work(std::integral_constant<int, 2>());
    case 3: return work(std::integral_constant<int, 3>());
    case 4: return work(std::integral_constant<int, 4>());
    default: return work(std::integral_constant<int, 0>());
  }
}

template <int N1, bool Gradient>
void simulate_days(int n, const double* P, const double* E, const parameters& p, const hydrograph& u1,
              const hydrograph& u2, double* pr, day* days, double* Q) {
  const double inverse_x1 = 1 / p.x1, inverse_x3 = 1 / p.x3, exchange = p.x2 / p.x3;
  const double inverse_C = 1 / (2.25 * 2.25 * 2.25 * 2.25);
  const int n1 = N1 ? N1 : u1.size(), n2 = 2 * n1;
  const double *share1 = u1.share.data(), *share2 = u2.share.data();
  double s = p.S0 * inverse_x1, r = p.R0 * inverse_x3;
  pr += n2 - 1;
  for (int t = 0; t < n; ++t) {
    const double net = P[t] - E[t];
    const bool wet = net >= 0;
    const double z = std::fabs(net) * inverse_x1;
    const double T = tanh_positive(z);
    const double a = wet ? s : 1 - s;
    const double D = 1 / (1 + a * T);
    const double mid = (wet ? s + T : s * (1 - T)) * D;
    const double mid2 = mid * mid;
    const double k = percolation_factor(mid2 * mid2 * inverse_C);
    const double after = k * mid;
    pr[t] = p.x1 * ((wet ? s : mid) - after) + (wet ? net : 0);

    double q9 = 0, q1 = 0;
    for (int j = 0; j < n1; ++j) q9 += share1[j] * pr[t - j];
    for (int j = 0; j < n2; ++j) q1 += share2[j] * pr[t - j];

    const double root = std::sqrt(r), r_2_5 = r * r * root, power = r * r_2_5;
    const double f = exchange * power, inflow = q9 * inverse_x3;
    const double level = r + inflow + f;
    const double full = level < 0 ? 0 : level;
    const double full2 = full * full;
    const double m = 1 / std::sqrt(std::sqrt(1 + full2 * full2));
    const double emptied = m * full;
    const double direct = q1 + p.x3 * f;
    Q[t] = p.x3 * (full - emptied) + (direct < 0 ? 0 : direct);

    if (Gradient) {
      day& d = days[t];
      const double D2 = D * D, dT = 1 - T * T, k2 = k * k, m2 = m * m;
      d.dry = wet ? 0 : 1;
      d.ds_ds = dT * D2;
      d.ds_dx1 = (wet ? 1 - s * s : s * (s - 2)) * d.ds_ds * (-z * inverse_x1);
      d.k5 = k2 * k2 * k;
      d.store_open = level < 0 ? 0 : 1;
      d.direct_open = direct < 0 ? 0 : 1;
      d.m5 = m2 * m2 * m;
      d.power = power;
      d.df_dr = 3.5 * exchange * r_2_5;
      d.inflow = inflow;
      d.dQ_dx3 = full - emptied + d.direct_open * f;
    }
    s = after;
    r = emptied;
  }
}

// Flow of n days. `pr` has room for n values after uh2.size() - 1 zeros; `days` is null when no
// gradient is wanted.
template <bool Gradient>
void simulate(int n, const double* P, const double* E, const parameters& p, const hydrograph& u1,
              const hydrograph& u2, double* pr, day* days, double* Q) {
  with_ordinates(u1.size(), [&](auto n1) {
    simulate_days<decltype(n1)::value, Gradient>(n, P, E, p, u1, u2, pr, days, Q);
  });
}

// The backward sweep. A bar is an adjoint, a value's derivative of the target. Backward, a day does (forward line,
// then what it passes on):
//
//   Q = x3 (r' - r+) + max(0, q1 + x3 f)   b = x3 Q-;  r'- = b, r+- = r- - b
//                                          q1- = open2 Q-,  f- = open2 b
//   r+ = m r'                              r'- += m^5 r+-
//   r' = max(0, r + q9 / x3 + f)           i = open1 r'-;  r- = i, q9- = i / x3, f- += i
//   f = (x2 / x3) r^3.5                    r- += f- df/dr,  x2- += f- r^3.5 / x3
//   q9, q1 = sums over u                   pr- = sum_j (u1_j q9-_(t+j) + u2_j q1-_(t+j)),
//                                          x4- likewise with the slopes of u, times pr
//   pr = ... - x1 s+ + x1 (s or s')        c = x1 pr-;  s+- = s- - c;  s- or s'- += c
//   s+ = k s'                              s'- += k^5 s+-
//   s' = rain or evaporation               s- += s'- ds'/ds,  x1- += s'- ds'/dx1
template <int N1>
parameters adjoint_days(int n, const double* P, const double* E, const parameters& p,
                        const hydrograph& u1, const hydrograph& u2, const double* pr,
                        const day* days, const double* Q_adjoint, double* work) {
  const int n1 = N1 ? N1 : u1.size(), n2 = 2 * n1;
  const double *share1 = u1.share.data(), *slope1 = u1.slope.data();
  const double *share2 = u2.share.data(), *slope2 = u2.slope.data();
  const double inverse_x3 = 1 / p.x3, exchange = p.x2 / p.x3;
  double *q9_adjoint = work, *q1_adjoint = work + n + n2;
  for (int j = 0; j < n2; ++j) q9_adjoint[n + j] = q1_adjoint[n + j] = 0;
  pr += n2 - 1;
  double s_adjoint = 0, r_adjoint = 0, x1 = 0, x2 = 0, x3 = 0, x4 = 0;
  for (int t = n - 1; t >= 0; --t) {
    const day& d = days[t];
    // r- of the day before is a linear function of r-: its slope and the rest do not wait for it
    const double b = p.x3 * Q_adjoint[t], open_b = d.direct_open * b;
    const double full = d.m5 * r_adjoint + (1 - d.m5) * b;
    const double through = d.store_open * (1 + d.df_dr);
    r_adjoint = through * d.m5 * r_adjoint + (through * (1 - d.m5) * b + open_b * d.df_dr);
    const double inner = d.store_open * full;
    const double f = inner + open_b;
    x2 += f * d.power;
    x3 += b * d.dQ_dx3 - inner * d.inflow - f * (exchange * d.power);
    q9_adjoint[t] = inner * inverse_x3;
    q1_adjoint[t] = d.direct_open * Q_adjoint[t];

    double pr_adjoint = 0, x4_slope = 0;
    for (int j = 0; j < n1; ++j) {
      pr_adjoint += share1[j] * q9_adjoint[t + j];
      x4_slope += slope1[j] * q9_adjoint[t + j];
    }
    for (int j = 0; j < n2; ++j) {
      pr_adjoint += share2[j] * q1_adjoint[t + j];
      x4_slope += slope2[j] * q1_adjoint[t + j];
    }
    x4 += pr[t] * x4_slope;

    const double net = P[t] - E[t];
    const double c = p.x1 * pr_adjoint;
    const double mid = d.k5 * s_adjoint + (d.dry - d.k5) * c;
    s_adjoint = d.ds_ds * d.k5 * s_adjoint + (d.ds_ds * (d.dry - d.k5) + (1 - d.dry)) * c;
    x1 += mid * d.ds_dx1 + pr_adjoint * (pr[t] - (net > 0 ? net : 0)) / p.x1;
  }
  return {x1 - s_adjoint * p.S0 / (p.x1 * p.x1),
          x2 * inverse_x3,
          (x3 - r_adjoint * p.R0 * inverse_x3) * inverse_x3,
          x4,
          s_adjoint / p.x1,
          r_adjoint * inverse_x3};
}

// Adjoints of the parameters, given those of the flows. `pr` and `days` are as `simulate` left
// them; `work` has room for 2 (n + uh2.size()) values.
inline parameters adjoint(int n, const double* P, const double* E, const parameters& p,
                          const hydrograph& u1, const hydrograph& u2, const double* pr,
                          const day* days, const double* Q_adjoint, double* work) {
  parameters bar;
  with_ordinates(u1.size(), [&](auto n1) {
    bar = adjoint_days<decltype(n1)::value>(n, P, E, p, u1, u2, pr, days, Q_adjoint, work);
  });
  return bar;
}

}  // namespace gr4j

// The C++ of gaussian.stan.j2: independent Gaussian errors with standard deviation sigma.
#include <cmath>

namespace gr4j {

// Log density of the observations y on n days, and its derivatives. Q_adjoint, zero on entry, gets
// those with respect to the flows; days count from 1. errors: sigma.
inline double log_likelihood(int n, const int* day, const double* y, const double* Q,
                             const double* errors, double* Q_adjoint, double* errors_adjoint) {
  const double sigma = errors[0], precision = 1 / (sigma * sigma);
  double squares = 0;
  for (int i = 0; i < n; ++i) {
    const double residual = y[i] - Q[day[i] - 1];
    squares += residual * residual;
    Q_adjoint[day[i] - 1] = residual * precision;
  }
  errors_adjoint[0] = (squares * precision - n) / sigma;
  return -0.5 * squares * precision - n * (std::log(sigma) + 0.91893853320467274178);
}

}  // namespace gr4j

// The binding of the kernel to Stan. The likelihood is one node on the tape, whose gradient is
// known as soon as its value is: flows forward, errors, flows backward.
#include <stan/model/model_header.hpp>

namespace gr4j_model_namespace {

using gr4j_data_t = Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, 1>>;
using gr4j_days_t = std::vector<int>;

namespace gr4j_detail {

// Buffers that live as long as the chain: nothing is allocated for a gradient.
struct workspace {
  std::vector<double> Q, Q_adjoint, pr, work;
  std::vector<gr4j::day> days;
};

inline workspace& buffers() {
  static thread_local workspace space;
  return space;
}

// A time base that is not a number would become a size.
inline void check_time_base(double x4) {
  if (!(x4 >= 0.5 && x4 <= 1000)) throw std::domain_error("gr4j: x4 must be from 0.5 to 1000 d");
}

inline double check_finite(double log_density) {
  if (!std::isfinite(log_density)) throw std::domain_error("gr4j: a flow is not finite");
  return log_density;
}

// Log density of the observations; with Gradient, also its derivatives with respect to the
// parameters and to the numbers of the error model.
template <bool Gradient>
double log_likelihood(const gr4j_data_t& observed, const gr4j_days_t& obs_day,
                      const std::vector<double>& errors, const gr4j_data_t& P,
                      const gr4j_data_t& E, const gr4j::parameters& p, gr4j::parameters* adjoint,
                      double* errors_adjoint) {
  check_time_base(p.x4);
  const int T = static_cast<int>(P.size());
  const gr4j::hydrograph uh1 = gr4j::uh1(p.x4), uh2 = gr4j::uh2(p.x4);
  workspace& space = buffers();
  space.Q.resize(T);
  space.Q_adjoint.assign(T, 0);
  space.pr.resize(T + uh2.size());
  std::fill_n(space.pr.begin(), uh2.size() - 1, 0.0);
  if (Gradient) {
    space.days.resize(T);
    space.work.resize(2 * (T + uh2.size()));
  }
  gr4j::simulate<Gradient>(T, P.data(), E.data(), p, uh1, uh2, space.pr.data(), space.days.data(),
                           space.Q.data());
  const double value = check_finite(
      gr4j::log_likelihood(static_cast<int>(obs_day.size()), obs_day.data(), observed.data(),
                           space.Q.data(), errors.data(), space.Q_adjoint.data(), errors_adjoint));
  if (Gradient)
    *adjoint = gr4j::adjoint(T, P.data(), E.data(), p, uh1, uh2, space.pr.data(),
                             space.days.data(), space.Q_adjoint.data(), space.work.data());
  return value;
}

}  // namespace gr4j_detail

// Without a gradient. `errors` are the numbers that the error model's log_likelihood names.
inline double gr4j_log_likelihood(const gr4j_data_t& observed, const gr4j_days_t& obs_day,
                                  const Eigen::Matrix<double, Eigen::Dynamic, 1>& errors,
                                  const gr4j_data_t& P, const gr4j_data_t& E, const double& x1,
                                  const double& x2, const double& x3, const double& x4,
                                  const double& S0, const double& R0, std::ostream*) {
  const std::vector<double> values(errors.data(), errors.data() + errors.size());
  std::vector<double> unused(values.size());
  return gr4j_detail::log_likelihood<false>(observed, obs_day, values, P, E,
                                            {x1, x2, x3, x4, S0, R0}, nullptr, unused.data());
}

// As a node on the tape. A number that is known is a constant on it.
inline stan::math::var gr4j_log_likelihood(
    const gr4j_data_t& observed, const gr4j_days_t& obs_day,
    const Eigen::Matrix<stan::math::var, Eigen::Dynamic, 1>& errors, const gr4j_data_t& P,
    const gr4j_data_t& E, const stan::math::var& x1, const stan::math::var& x2,
    const stan::math::var& x3, const stan::math::var& x4, const stan::math::var& S0,
    const stan::math::var& R0, std::ostream*) {
  std::vector<double> values;
  for (Eigen::Index i = 0; i < errors.size(); ++i) values.push_back(errors[i].val());
  std::vector<double> errors_adjoint(values.size());
  gr4j::parameters adjoint;
  const double value = gr4j_detail::log_likelihood<true>(
      observed, obs_day, values, P, E,
      {x1.val(), x2.val(), x3.val(), x4.val(), S0.val(), R0.val()}, &adjoint,
      errors_adjoint.data());
  std::vector<stan::math::var> operands{x1, x2, x3, x4, S0, R0};
  operands.insert(operands.end(), errors.data(), errors.data() + errors.size());
  std::vector<double> gradient{adjoint.x1, adjoint.x2, adjoint.x3,
                               adjoint.x4, adjoint.S0, adjoint.R0};
  gradient.insert(gradient.end(), errors_adjoint.begin(), errors_adjoint.end());
  return stan::math::precomputed_gradients(value, operands, gradient);
}

}  // namespace gr4j_model_namespace
