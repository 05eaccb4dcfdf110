// What a person might say of each master of the public sets, for the zero-shot and newcomer rows of the benchmark.
// The one thing to know: written from the label names alone, without looking at any row; nothing but the benchmark reads them.

const INTENTS = `
accept_reservations: whether a restaurant accepts reservations
account_blocked: why my bank account is blocked or locked
alarm: set, check or cancel an alarm
application_status: status of a credit card application
apr: the annual percentage rate of my card
are_you_a_bot: asks whether it talks to a robot or a human
balance: how much money is in my bank account
bill_balance: how much I owe on a bill
bill_due: when a bill is due
book_flight: book a plane ticket
book_hotel: book a hotel room
calculator: do arithmetic
calendar: what is on my calendar
calendar_update: add or remove an event on my calendar
calories: how many calories a food has
cancel: cancel the current request, never mind
cancel_reservation: cancel a restaurant booking
car_rental: rent a car
card_declined: why my card was declined
carry_on: carry-on luggage rules of an airline
change_accent: make the assistant speak with another accent
change_ai_name: give the assistant another name
change_language: switch the assistant to another language
change_speed: make the assistant talk faster or slower
change_user_name: change the name the assistant calls me
change_volume: turn the volume up or down
confirm_reservation: confirm that a reservation is in place
cook_time: how long to cook a dish
credit_limit: what my credit limit is
credit_limit_change: raise my credit limit
credit_score: what my credit score is
current_location: where I am right now
damaged_card: report that my card is damaged and does not work
date: what day or date it is
definition: what a word means
direct_deposit: set up direct deposit of my pay
directions: how to get to a place
distance: how far away a place is
do_you_have_pets: asks the assistant whether it has pets
exchange_rate: exchange rate between two currencies
expiration_date: when my card expires
find_phone: help me find my lost phone
flight_status: is a flight on time, when does it land or board
flip_coin: flip a coin, heads or tails
food_last: how long food stays good before it spoils
freeze_account: freeze my bank account
fun_fact: tell me an interesting fact
gas: how much fuel is left in my car
gas_type: which kind of fuel my car needs
goodbye: says goodbye
greeting: says hello
how_busy: how crowded a restaurant is, how long the wait
how_old_are_you: asks the age of the assistant
improve_credit_score: how to make my credit score better
income: how much I earn, my salary
ingredient_substitution: replace one ingredient by another
ingredients_list: what ingredients a dish needs
insurance: my insurance plan and benefits
insurance_change: change my insurance plan
interest_rate: the interest rate of my savings account
international_fees: fees for using my card abroad
international_visa: whether I need a visa for a country
jump_start: how to jump start a car battery
last_maintenance: when my car was last serviced
lost_luggage: the airline lost my luggage
make_call: call somebody on the phone
maybe: an unsure answer, maybe
meal_suggestion: suggest something to eat or cook
meaning_of_life: asks for the meaning of life
measurement_conversion: convert between units such as cups and ounces
meeting_schedule: what meetings I have today
min_payment: the minimum payment on a bill
mpg: miles per gallon of my car
new_card: apply for a new credit card
next_holiday: when the next public holiday is
next_song: skip to the next song
no: a negative answer, no
nutrition_info: nutritional facts of a food
oil_change_how: how to change the oil of a car
oil_change_when: when the next oil change is due
order: order something from a shop
order_checks: order new bank checks
order_status: where my package is, status of an order
pay_bill: pay a bill
payday: when I get paid
pin_change: change the PIN of my card or account
play_music: play a song or an artist
plug_type: which electric plug or converter a country uses
pto_balance: how many vacation days I have left
pto_request: request vacation days off
pto_request_status: was my vacation request approved
pto_used: how many vacation days I have taken
recipe: find a recipe for a dish
redeem_rewards: how to redeem credit card rewards
reminder: what is on my reminder list
reminder_update: remind me to do something
repeat: say that again
replacement_card_duration: how long a new card takes to arrive in the mail
report_fraud: report a fraudulent transaction on my card
report_lost_card: report a lost or stolen card
reset_settings: reset to factory settings
restaurant_reservation: book a table at a restaurant
restaurant_reviews: reviews of a restaurant
restaurant_suggestion: recommend a place to eat
rewards_balance: how many reward points my card has
roll_dice: roll dice
rollover_401k: roll over a 401k retirement account
routing: the routing number of my bank
schedule_maintenance: schedule a service appointment for my car
schedule_meeting: schedule a meeting or book a meeting room
share_location: share my location with somebody
shopping_list: what is on my shopping list
shopping_list_update: add or remove something on my shopping list
smart_home: control lights, locks and thermostat at home
spelling: how to spell a word
spending_history: how much I spent on something lately
sync_device: pair or sync the phone with the assistant
taxes: federal and state taxes I pay
tell_joke: tell me a joke
text: send a text message
thank_you: says thank you
time: what time it is
timer: set a timer
timezone: which time zone a place is in
tire_change: how to change a tire
tire_pressure: what the air pressure of my tires is
todo_list: what is on my to-do list
todo_list_update: add or remove a task on my to-do list
traffic: how heavy the traffic is on the way
transactions: show my recent transactions
transfer: transfer money between accounts
translate: how to say something in another language
travel_alert: safety alerts for a travel destination
travel_notification: tell my bank that I will travel
travel_suggestion: what to see and do on a trip
uber: get an Uber or taxi ride
update_playlist: add a song to my playlist
user_name: what name the assistant has for me
vaccines: which vaccinations I need for a country
w2: my W-2 tax form
weather: the weather forecast
what_are_your_hobbies: asks the assistant about its hobbies
what_can_i_ask_you: what the assistant can help with
what_is_your_name: asks the name of the assistant
what_song: which song is playing
where_are_you_from: asks where the assistant comes from
whisper_mode: make the assistant whisper
who_do_you_work_for: asks for whom the assistant works
who_made_you: asks who created the assistant
yes: a positive answer, yes`;

const DOMAINS = `
auto_and_commute: car trouble and maintenance, tires, oil, fuel, traffic, directions and rides
banking: bank accounts, balances, transfers, bills, fraud and interest
credit_cards: credit cards, limits, scores, rewards, lost or declined cards
home: shopping and to-do lists, reminders, calendar, music, orders and the smart home
kitchen_and_dining: recipes, ingredients, cooking, nutrition and restaurants
meta: settings of the assistant: name, language, accent, volume, cancel, repeat, yes and no
small_talk: chatting with the assistant: greetings, jokes, fun facts, who it is
travel: flights, hotels, car rental, luggage, visas, vaccines, plugs and exchange rates
utility: time, weather, timers, alarms, calculations, spelling, calls, texts and dice
work: meetings, vacation days, pay, taxes, insurance and retirement accounts`;

const TICKETS = `
Access: access cards, visitor badges, logins, passwords and permissions to enter
Administrative rights: administrator rights to install or change software on a computer
HR Support: people matters: starters and leavers, holidays, time cards, appraisals, payroll
Hardware: computers, laptops, monitors, phones, printers, network and software faults
Internal Project: project codes, allocation of people to internal projects
Miscellaneous: anything else, general questions and closed tickets
Purchase: purchase orders, buying new equipment and licences, approvals and invoices
Storage: mailboxes, shared folders, disk space, quotas and backups`;

function parse(list: string): { name: string; description: string }[] {
  return list
    .trim()
    .split('\n')
    .map((line) => {
      const at = line.indexOf(': ');
      return { name: line.slice(0, at), description: line.slice(at + 2) };
    });
}

/** By set: every label with one sentence. */
export const DESCRIPTIONS: Readonly<Record<string, readonly { name: string; description: string }[]>> = {
  'clinc-intents': parse(INTENTS),
  'clinc-domains': parse(DOMAINS),
  'it-tickets': parse(TICKETS),
};
