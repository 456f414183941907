-- The facts of the synthetic company as somebody would write them who knows it: UTC, one currency, no merged identities, no corrected files,
-- no subscriptions, no returns without a link, no meaningful events. The tables are views on the Parquet files; $as_of_day counts days since 1970.
with rows as (
  select *, (occurred_at::date - date '1970-01-01')::int as day from orders where occurred_at < (date '1970-01-01' + $as_of_day)
),
after as (
  select order_id, sum(amount_minor) filter (kind = 'refund')::bigint as refunded, bool_or(kind = 'cancellation') as cancelled
  from rows where kind <> 'purchase' and linked group by order_id
),
kept as materialized (
  select r.order_id, r.identity_id as customer_id, r.occurred_at, r.day, r.amount_minor + coalesce(a.refunded, 0) as net, r.discount_minor as discount
  from rows r left join after a using (order_id)
  where r.kind = 'purchase' and not coalesce(a.cancelled, false) and r.amount_minor + coalesce(a.refunded, 0) > 0 and r.identity_id is not null
),
by_orders as (
  select customer_id, min(day) as first_order_on, max(day) as last_order_on, count(*) as orders, sum(net)::bigint as net_minor, max(net) as largest_order_minor,
    count(*) filter (day >= $as_of_day - 30) as orders_30d, count(*) filter (day >= $as_of_day - 90) as orders_90d, count(*) filter (day >= $as_of_day - 365) as orders_365d,
    sum(net) filter (day >= $as_of_day - 30)::bigint as net_30d_minor, sum(net) filter (day >= $as_of_day - 90)::bigint as net_90d_minor,
    sum(net) filter (day >= $as_of_day - 365)::bigint as net_365d_minor,
    count(*) filter (discount > 0) as discounted_orders, sum(coalesce(discount, 0))::bigint as discount_minor
  from kept group by customer_id
),
days as (select customer_id, day, count(*) as orders from kept group by all),
with_next as (
  select customer_id, day, orders, lag(day) over in_turn as before, lead(day) over in_turn as next
  from days window in_turn as (partition by customer_id order by day)
),
by_gaps as (
  select customer_id, max(case when before is null then case when orders > 1 then day else next end end) as second_order_on,
    count(before) as gaps, avg(day - before) as gap_mean_days, median(day - before)::double as usual_gap_days, max(day - before) as longest_gap_days
  from with_next group by customer_id
),
returned as (
  select identity_id as customer_id, count(*) filter (kind = 'refund') as refunds, max(day) filter (kind = 'refund') as last_refund_on,
    -sum(amount_minor) filter (kind = 'refund')::bigint as refunded_minor, sum(amount_minor) filter (kind = 'purchase')::bigint as gross_minor,
    count(*) filter (kind = 'cancellation') as cancellations
  from rows where identity_id is not null group by identity_id
),
lines as materialized (
  select k.customer_id, l.product_id, l.category, l.quantity
  from order_lines l join kept k using (order_id) where l.kind = 'purchase' and l.is_goods and l.occurred_at < (date '1970-01-01' + $as_of_day)
),
by_product as (select customer_id, product_id, count(*) as n, sum(quantity) as quantity from lines group by all),
by_category as (select customer_id, category, count(*) as n from lines where category is not null group by all),
product as (
  select customer_id, sum(quantity) as quantity, count(product_id) as products, max(n) as most from by_product group by customer_id
),
favourite as (
  select p.customer_id, min(b.product_id) as favourite_product from product p join by_product b on b.customer_id = p.customer_id and b.n = p.most group by 1
),
category as (select customer_id, count(*) as categories, max(n) as most from by_category group by customer_id),
favourite_of as (
  select c.customer_id, min(b.category) as favourite_category from category c join by_category b on b.customer_id = c.customer_id and b.n = c.most group by 1
),
answered as (
  select identity_id as customer_id, count(score) as answers, max(occurred_at::date) filter (score is not null) as last_answer_on, avg(polarity) as polarity,
    arg_max(score, (occurred_at, row_key)) filter (measure = 'nps') as nps_score, arg_max(score, (occurred_at, row_key)) filter (measure = 'csat') as csat_score,
    arg_max(case when high_is_good then score else scale_min + scale_max - score end, (occurred_at, row_key)) filter (measure = 'ces') as ces_score,
    arg_max(score, (occurred_at, row_key)) filter (measure = 'rating') as rating_score
  from responses where occurred_at < (date '1970-01-01' + $as_of_day) and identity_id is not null and (score is not null or polarity is not null) group by 1
),
cases as (
  select identity_id as customer_id, ticket_id, bool_or(step = 'opened') as opened,
    bool_or(step = 'opened' and occurred_at >= date '1970-01-01' + ($as_of_day - 90)) as recent,
    arg_max(step, (occurred_at, row_key)) filter (step in ('opened', 'reopened', 'resolved', 'closed')) in ('opened', 'reopened') as waits,
    max(occurred_at::date) as latest
  from tickets where occurred_at < (date '1970-01-01' + $as_of_day) and identity_id is not null group by all
),
asked as (
  select customer_id, count(*) filter (opened) as tickets, count(*) filter (recent) as tickets_90d, count(*) filter (waits) as tickets_open,
    max(latest) as last_contact_on from cases group by 1
),
about as (
  select identity_id as customer_id, arg_max(country, (occurred_at, row_key)) as country, arg_max(acquisition_channel, (occurred_at, row_key)) as acquisition_channel,
    arg_max(acquisition_campaign, (occurred_at, row_key)) as acquisition_campaign
  from customers where occurred_at < (date '1970-01-01' + $as_of_day) group by 1
),
everybody as (
  select customer_id from about union select customer_id from returned union select customer_id from answered union select customer_id from asked
)
select customer_id, country, acquisition_channel, acquisition_campaign, strftime(date '1970-01-01' + first_order_on, '%Y-%m') as cohort,
  date '1970-01-01' + first_order_on as first_order_on, date '1970-01-01' + last_order_on as last_order_on, $as_of_day - last_order_on as days_since_order,
  $as_of_day - first_order_on as tenure_days, second_order_on - first_order_on as days_to_second_order, date '1970-01-01' + second_order_on as second_order_on,
  coalesce(orders, 0) as orders, coalesce(orders_30d, 0) as orders_30d, coalesce(orders_90d, 0) as orders_90d, coalesce(orders_365d, 0) as orders_365d,
  coalesce(net_minor, 0) as net_minor, coalesce(net_30d_minor, 0) as net_30d_minor, coalesce(net_90d_minor, 0) as net_90d_minor,
  coalesce(net_365d_minor, 0) as net_365d_minor, coalesce(largest_order_minor, 0) as largest_order_minor,
  net_minor / nullif(orders, 0) as average_order_value_minor, coalesce(refunds, 0) as refunds, date '1970-01-01' + last_refund_on as last_refund_on,
  coalesce(refunded_minor, 0) as refunded_minor, coalesce(gross_minor, 0) as gross_minor, coalesce(cancellations, 0) as cancellations,
  coalesce(refunded_minor, 0) / nullif(gross_minor, 0) as refund_share, 0::bigint as unlinked_returns_minor, coalesce(net_minor, 0) as value_minor,
  coalesce(gaps, 0) as gaps, gap_mean_days, usual_gap_days, longest_gap_days,
  ($as_of_day - last_order_on) / nullif(usual_gap_days, 0) as overdue_ratio, greatest($as_of_day - last_order_on - usual_gap_days, 0) + 0 * usual_gap_days as days_late,
  quantity, coalesce(products, 0) as products, coalesce(categories, 0) as categories, favourite_product, favourite_category,
  coalesce(discounted_orders, 0) as discounted_orders, coalesce(discount_minor, 0) as discount_minor,
  discounted_orders / nullif(orders, 0) as discounted_order_share, coalesce(answers, 0) as answers, last_answer_on, nps_score, csat_score, ces_score, rating_score,
  polarity, coalesce(tickets, 0) as tickets, coalesce(tickets_90d, 0) as tickets_90d, coalesce(tickets_open, 0) as tickets_open, last_contact_on,
  0::bigint as subscriptions, 0::bigint as mrr_minor, 0::bigint as mrr_90d_ago_minor, 0::bigint as seats, null::varchar as plan, null::date as subscribed_since_on,
  null::date as next_term_end_on, null::date as last_cancelled_on, null::date as last_event_on, 0::bigint as events_30d, 0::bigint as events_90d,
  date '1970-01-01' + last_order_on as last_active_on, coalesce(last_order_on >= $as_of_day - 90, false) as active,
  coalesce(orders > 0 and last_order_on < $as_of_day - 90, false) as lapsed
from everybody
left join about using (customer_id) left join by_orders using (customer_id) left join by_gaps using (customer_id) left join returned using (customer_id)
left join product using (customer_id) left join favourite using (customer_id) left join category using (customer_id) left join favourite_of using (customer_id)
left join answered using (customer_id) left join asked using (customer_id)
order by customer_id
